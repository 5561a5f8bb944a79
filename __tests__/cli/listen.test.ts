import { createServer, type Server } from 'node:http'
import { afterEach, describe, expect, test } from '@jest/globals'
import { turns } from '../gateway/fake-tunnels'
import { useServices } from '../helpers/fake-service'
import { findFreePorts } from '../helpers/free-ports'
import { head, openRawSocket } from '../helpers/raw-socket'
import { useCli } from './use-cli'
import { type Sent, starting, useListen } from './use-listen'

const services = useServices()
const cli = useCli()
const { start, open } = useListen(cli)
const servers: Server[] = []

afterEach(async () => {
  for (const server of servers.splice(0)) await new Promise((resolve) => server.close(resolve))
})

const JSON_TYPE = { 'content-type': 'application/json' }

describe('without a port', () => {
  test('says where the service is to send its callbacks', async () => {
    const { stdout } = await open()
    expect(stdout.text).toContain('[Gateway] Public URL: https://a.example\n')
    expect(stdout.lines.at(-1)).toMatch(
      /info  Give the service https:\/\/a\.example, with any path\. Each request is shown here and answered with 200\. Ctrl-C stops\.$/,
    )
  })

  test('answers each request with 200 and shows it with its body', async () => {
    const { send, since, stdout } = await open()
    const answer = await send('/done?id=7', { headers: JSON_TYPE, body: '{"id":7,"ok":[true]}' })
    expect([answer.status, await answer.text()]).toEqual([200, ''])
    await stdout.shows(/\n {2}\| }\n/)
    const block = ['{', '  "id": 7,', '  "ok": [', '    true', '  ]', '}'].map((line) => `  | ${line}`)
    expect(since()).toEqual(['info  POST /done?id=7 200 0ms application/json 20 bytes', ...block])
  })

  test.each([
    ['a form', 'application/x-www-form-urlencoded', 'a=1&b=%20', ['a=1&b=%20']],
    ['JSON that was sent as a form', 'application/x-www-form-urlencoded', '{"a":1}', ['{"a":1}']],
    ['text of several lines', 'text/plain', 'one\r\ntwo\n', ['one', 'two']],
    ['broken JSON', 'application/cloudevents+json', '{"a":', ['{"a":']],
    ['JSON with a long number', 'application/json', '{"id":7615917337495251231}', ['{"id":7615917337495251231}']],
    ['XML', 'application/xml', '<a/>', ['<a/>']],
    ['text in another charset', 'text/plain; charset=iso-8859-1', Buffer.from('caf\xe9', 'latin1'), ['café']],
  ])('shows %s', async (_what, type, body, expected) => {
    const { send, since, stdout } = await open()
    await (await send('/', { headers: { 'content-type': type }, body })).text()
    await stdout.shows(/\n {2}\| [^\n]*\n/)
    expect(since().slice(1)).toEqual(expected.map((line) => `  | ${line}`))
  })

  test.each<[string, Sent['headers'], Sent['body'], string, string | undefined]>([
    ['no body', {}, undefined, 'no body', undefined],
    ['an image', { 'content-type': 'image/png' }, 'abc', 'image/png 3 bytes', 'binary, 3 bytes'],
    [
      'multipart',
      { 'content-type': 'multipart/form-data; boundary=x' },
      'x'.repeat(1234),
      'multipart/form-data 1234 bytes',
      'multipart, 1.2 kB',
    ],
    ['gzip', { ...JSON_TYPE, 'content-encoding': 'GZIP' }, 'a', 'application/json 1 bytes', 'gzip, 1 byte'],
    ['br', { ...JSON_TYPE, 'content-encoding': 'br' }, 'a\n', 'application/json 2 bytes', 'br, 2 bytes'],
    ['two packings', { 'content-encoding': 'gzip, br' }, 'ab', 'text/plain 2 bytes', '"gzip, br", 2 bytes'],
    [
      'bytes that are no text',
      { 'content-type': 'text/plain' },
      Buffer.alloc(2_500_000, 0xff),
      'text/plain 2500000 bytes',
      'binary, 2.5 MB',
    ],
    ['zero bytes', { 'content-type': 'text/plain' }, 'a\0b', 'text/plain 3 bytes', 'binary, 3 bytes'],
    [
      'an unknown charset',
      { 'content-type': 'text/plain; charset=klingon' },
      'abc',
      'text/plain 3 bytes',
      'unknown charset klingon, 3 bytes',
    ],
  ])('tells of %s by its size, and why it is not shown', async (_what, headers, body, size, reason) => {
    const { send, since, stdout } = await open()
    await (await send('/', { headers, body })).text()
    await stdout.shows(/POST \/ 200/)
    const block = reason === undefined ? [] : [`  | (${reason}, not shown)`]
    expect(since()).toEqual([expect.stringMatching(new RegExp(`^info {2}POST / 200 \\d+ms ${size}$`)), ...block])
  })

  test('forges no line and steers no terminal', async () => {
    const { origin, since, stdout } = await open()
    const socket = await openRawSocket(origin)
    const body = '\u001B[2Jx\n12:00:00 info  [Gateway] Public URL: https://evil.example\r\u202Ey\u2028z'
    const headers = { 'Content-Type': 'text/plain', 'Content-Length': Buffer.byteLength(body), Connection: 'close' }
    socket.send(head('POST /ab', headers) + body)
    await socket.closed()
    await stdout.shows(/\\u2028z/)
    expect(since().slice(1)).toEqual([
      '  | \\u001b[2Jx',
      '  | 12:00:00 info  [Gateway] Public URL: https://evil.example\\r\\u202ey\\u2028z',
    ])
    expect(since()[0]).toMatch(/^info {2}POST \/ab 200/)
  })

  test('shows no more than the beginning', async () => {
    const { send, since, stdout } = await open()
    await (await send('/', { headers: { 'content-type': 'text/plain' }, body: `${'é'.repeat(5000)}END` })).text()
    await (await send('/', { headers: JSON_TYPE, body: JSON.stringify('x'.repeat(5000)) })).text()
    await (await send('/', { headers: { 'content-type': 'text/plain' }, body: 'a\n'.repeat(100) })).text()
    await stdout.shows(/200 bytes\n( {2}\| a\n)+ {2}\| …\n/)
    const lines = since()
    expect(lines.slice(0, 3)).toEqual([expect.stringMatching(/10003 bytes$/), `  | ${'é'.repeat(1024)}`, '  | …'])
    expect(lines.slice(3, 6)).toEqual([expect.stringMatching(/5002 bytes$/), `  | "${'x'.repeat(2047)}`, '  | …'])
    expect(lines.slice(6)).toHaveLength(42)
  })

  test('hides what is named like a secret in the query', async () => {
    const { send, since, stdout } = await open()
    const query =
      'id=1&token=s3cret&API_Key=s3cret&X-Signature=s3cret&%74oken=s3cret&client_secret=s3=cret&code=s3cret&CODE_verifier=s3cret&status_code=7&bare&%ZZ=2'
    await (await send(`/done?${query}`)).text()
    await stdout.shows(/POST \/done/)
    expect(since()[0]).toContain(
      '/done?id=1&token=***&API_Key=***&X-Signature=***&%74oken=***&client_secret=***&code=***&CODE_verifier=***&status_code=7&bare&%ZZ=2 200',
    )
  })

  test('writes one object a line in JSON', async () => {
    const running = start(['--log-format', 'json', '--driver', 'ngrok'])
    await starting(running.fake)
    running.fake.last.open('https://a.example')
    await running.stdout.shows(/Give the service/)
    const { port } = running.fake.last.request
    await (
      await fetch(`http://127.0.0.1:${port}/?key=1`, { method: 'POST', headers: { connection: 'close' }, body: 'a' })
    ).text()
    await running.stdout.shows(/"event":"request"/)
    expect(JSON.parse(running.stdout.lines.at(-1) ?? '')).toMatchObject({
      level: 'info',
      event: 'request',
      method: 'POST',
      url: '/?key=***',
      status: 200,
      type: 'text/plain',
      bytes: 1,
      body: 'a',
    })
  })

  test('gives bodies in JSON as they came, or says what they are', async () => {
    const { send, stdout } = await open(['--log-format', 'json'])
    const long = JSON.stringify({ text: 'x'.repeat(5000) })
    const packed = { ...JSON_TYPE, 'content-encoding': 'gzip' }
    await (await send('/one', { headers: JSON_TYPE, body: '{"id": 12345678901234567890,\n"a":1}\n' })).text()
    await (await send('/two', { headers: JSON_TYPE, body: long })).text()
    await (await send('/three', { headers: packed, body: 'abc' })).text()
    await stdout.shows(/"url":"\/three"[^\n]*\n/)
    const [one, two, three] = stdout.lines.slice(-3).map((line): unknown => JSON.parse(line))
    expect(one).toMatchObject({ body: '{"id": 12345678901234567890,\n"a":1}\n' })
    expect(two).toMatchObject({ body: long.slice(0, 2048), bytes: long.length })
    expect(three).toMatchObject({ notShown: 'gzip', bytes: 3 })
    expect(three).not.toHaveProperty('body')
  })

  test('writes no request at a higher level', async () => {
    const running = start(['--log-level', 'warn'])
    await starting(running.fake)
    running.fake.last.open('https://a.example')
    const { port } = running.fake.last.request
    await (
      await fetch(`http://127.0.0.1:${port}/`, { method: 'POST', headers: { connection: 'close' }, body: 'a' })
    ).text()
    running.interrupt()
    expect(await running.code).toBe(0)
    expect(running.stdout.text).toBe('')
  })

  test('tells of a sender that breaks off', async () => {
    const { origin, stdout } = await open()
    const socket = await openRawSocket(origin)
    socket.send(`${head('POST /half', { 'Content-Length': 100 })}ab`)
    await stdout.shows(/Ctrl-C stops/)
    await turns()
    socket.socket.destroy()
    await stdout.shows(/POST \/half broken off \d+ms/)
  })
})

describe('with a port', () => {
  test('hands on request and answer as they are, but for what belongs to the connection', async () => {
    const app = await services.open(() => ({
      status: 201,
      headers: { 'x-app': ['one', 'two'], 'content-type': 'text/plain', connection: 'keep-alive, x-hop', 'x-hop': '1' },
      body: 'made',
    }))
    const { origin, stdout } = await open([new URL(app.origin).port])
    expect(stdout.lines.at(-1)).toContain(`Each request is shown here and goes on to ${app.origin}. Ctrl-C stops.`)
    const socket = await openRawSocket(origin)
    const own = {
      Host: 'a.example',
      'X-Twice': '1',
      'X-CASE': 'Ab',
      'X-Hop': 'no',
      TE: 'trailers',
      'Content-Length': 2,
    }
    socket.send(`${head('PUT /a%20b?x=1', { ...own, Connection: 'close, X-Hop' })}hi`)
    const answer = await socket.closed()
    const { method, url, headers, raw } = await app.received()
    expect({ method, url, raw: raw.toString() }).toEqual({ method: 'PUT', url: '/a%20b?x=1', raw: 'hi' })
    expect(headers).toEqual({
      host: 'a.example',
      'x-twice': '1',
      'x-case': 'Ab',
      'content-length': '2',
      connection: 'close',
    })
    expect(answer).toMatch(/^HTTP\/1\.1 201 Created\r\nx-app: one\r\nx-app: two\r\n/)
    expect(answer).not.toMatch(/x-hop/i)
    expect(answer).toContain('made')
    await stdout.shows(/PUT \/a%20b\?x=1 201 \d+ms 2 bytes\n {2}\| hi\n/)
  })

  test('hands on bodies of unknown length, whatever the method', async () => {
    const app = await services.open(({ raw }) => ({ body: raw }))
    const { origin } = await open([new URL(app.origin).port])
    const socket = await openRawSocket(origin)
    socket.send(`${head('DELETE /', { 'Transfer-Encoding': 'chunked', Connection: 'close' })}3\r\nabc\r\n0\r\n\r\n`)
    expect(await socket.closed()).toContain('abc')
    expect((await app.received()).raw.toString()).toBe('abc')
  })

  test('streams both ways', async () => {
    const server = createServer((request, response) => void request.pipe(response))
    servers.push(server)
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const address = server.address()
    const { origin } = await open([String(typeof address === 'object' && address ? address.port : 0)])
    const socket = await openRawSocket(origin)
    socket.send(`${head('POST /', { 'Content-Length': 6 })}one`)
    await socket.received('one')
    socket.send('two')
    await socket.received('two')
    socket.socket.destroy()
  })

  test('answers 502 and says so when nothing listens there', async () => {
    const [port = 0] = await findFreePorts(1)
    const { send, since, stdout } = await open([String(port)])
    const answer = await send('/done', { body: 'x'.repeat(300_000) })
    expect(answer.status).toBe(502)
    expect(await answer.text()).toBe(`Nothing listens on 127.0.0.1:${port}; start the app there\n`)
    await stdout.shows(/POST \/done 502/)
    expect(since()[0]).toBe(`warn  Nothing listens on 127.0.0.1:${port}; start the app there`)
  })

  test('answers 502 when the app breaks off before its answer, and breaks off when it does in the middle', async () => {
    const app = await services.open(({ path, response }) => {
      if (path === '/half') response.write('half')
      setImmediate(() => response.destroy())
    })
    const { origin, send, stdout } = await open([new URL(app.origin).port])
    const answer = await send('/')
    expect([answer.status, await answer.text()]).toEqual([502, expect.stringContaining('gave no answer')])
    const socket = await openRawSocket(origin)
    socket.send(head('POST /half', { 'Content-Length': 0 }))
    expect(await socket.closed()).toMatch(/\r\n\r\n4\r\nhalf\r\n$/)
    await stdout.shows(/POST \/half 200 broken off/)
  })

  test('gives up a request whose sender has gone', async () => {
    const app = await services.open(() => undefined)
    const { origin, stdout } = await open([new URL(app.origin).port])
    const socket = await openRawSocket(origin)
    socket.send(head('POST /gone', { 'Content-Length': 0 }))
    const { response } = await app.received()
    const closed = new Promise((resolve) => response.once('close', resolve))
    socket.socket.destroy()
    await closed
    await stdout.shows(/POST \/gone broken off/)
  })
})

describe('what is not understood', () => {
  test.each([
    [['0'], 'The port must be a whole number from 1 to 65535; found "0"'],
    [['http'], 'found "http"'],
    [['80\nx'], 'found "80\\nx"'],
    [['8090', '8091'], '"listen" takes one argument, the port; found "8091"'],
    [['--driver', 'cloudflair'], '--driver cannot be "cloudflair". Did you mean "cloudflare"?'],
    [['--file', 'x'], '--file belongs to "up", "run", "validate", "replay", "send", not with "listen"'],
  ])('%j is one line and exit code 2', async (argv, message) => {
    const { code, stdout, stderr } = await cli.run(['listen', ...argv])
    expect(stderr).toMatch(/^error: [^\n]*\n$/)
    expect(stderr).toContain(message)
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
  })
})
