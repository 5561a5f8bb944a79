import { Agent, request as httpRequest } from 'node:http'
import { json } from 'node:stream/consumers'
import { describe, expect, test } from '@jest/globals'
import { eventsOf, namesOf } from '../helpers/events-of'
import { head, openRawSocket } from '../helpers/raw-socket'
import { type Host, useHosts } from '../helpers/use-hosts'

const hosts = useHosts()
const config = { listener: { path: '/done', identify_by: '${body.id}', body_limit: '64kb' } }
const JSON_TYPE = { 'Content-Type': 'application/json' }

async function expectGood({ hooks, post }: Host): Promise<void> {
  const wait = hooks.wait('good')
  expect((await post('/done').send({ id: 'good' })).status).toBe(200)
  await expect(wait).resolves.toEqual({ id: 'good' })
}

/** Resolves with the next event of this name. */
function next(host: Host, name: 'rejected' | 'received'): Promise<object> {
  return new Promise((resolve) => void host.hooks.on(name, resolve))
}

describe('an upload', () => {
  test('that is broken off is refused and forgotten', async () => {
    const host = await hosts.open(config)
    const events = eventsOf(host.hooks)
    const rejected = next(host, 'rejected')
    const raw = await openRawSocket(host.origin)
    raw.send(`${head('POST /done', { ...JSON_TYPE, 'Content-Length': 1000 })}{"id":"good",`)
    setImmediate(() => raw.socket.destroy())
    expect(await rejected).toMatchObject({ endpoint: 'POST /done', error: { code: 'ERR_BODY_ABORTED' } })
    expect(namesOf(events)).toEqual(['rejected'])
    await expectGood(host)
  })

  test('that breaks in the packet of its head is refused at once', async () => {
    const host = await hosts.open(config)
    const rejected = next(host, 'rejected')
    const raw = await openRawSocket(host.origin)
    raw.send(`${head('POST /done', { ...JSON_TYPE, 'Transfer-Encoding': 'chunked' })}no length\r\n`)
    expect(await rejected).toMatchObject({ error: { code: 'ERR_BODY_ABORTED' } })
    await raw.closed()
    await expectGood(host)
  })

  test.each([
    ['one packet', (body: string) => [body]],
    ['two packets', (body: string) => [body.slice(0, 5), body.slice(5)]],
  ])('in %s is heard by middleware that listens too', async (_, split) => {
    const heard: Buffer[] = []
    const { hooks, origin } = await hosts.open(config, {}, (app, mounted) => {
      app.use((incoming, _response, goOn) => {
        incoming.on('data', (chunk: Buffer) => heard.push(chunk))
        goOn()
      })
      app.use(mounted)
    })
    const wait = hooks.wait('good')
    const raw = await openRawSocket(origin)
    const [first = '', ...others] = split('{"id":"good"}')
    raw.send(head('POST /done', { ...JSON_TYPE, 'Content-Length': 13, Connection: 'close' }) + first)
    for (const other of others) setImmediate(() => raw.send(other))
    expect(await raw.closed()).toMatch(/^HTTP\/1.1 200 /)
    await expect(wait).resolves.toEqual({ id: 'good' })
    expect(Buffer.concat(heard).toString()).toBe('{"id":"good"}')
  })

  test('that is slow is answered 408 after ten seconds', async () => {
    const host = await hosts.open(config)
    const raw = await openRawSocket(host.origin)
    raw.send(head('POST /done', { ...JSON_TYPE, 'Content-Length': 1000, Expect: '100-continue' }))
    await raw.received('100 Continue')
    raw.send('{"id":')
    host.clock.advance(9999)
    expect(host.hooks.stats().rejected).toBe(0)
    host.clock.advance(1)
    const answer = await raw.closed()
    expect(answer).toContain('HTTP/1.1 408 ')
    expect(answer).toContain('\r\n\r\n{"error":"ERR_BODY_TIMEOUT"}')
    await expectGood(host)
  })

  test('that is too large is answered at once, not when the sender has finished', async () => {
    const host = await hosts.open(config)
    const raw = await openRawSocket(host.origin)
    raw.send(`${head('POST /done', { ...JSON_TYPE, 'Content-Length': 10_000_000 })}{"id":`)
    const answer = await Promise.race([raw.received('ERR_BODY_TOO_LARGE'), afterManyTurns()])
    expect(answer).toContain('HTTP/1.1 413 ')
    raw.socket.destroy()
    await expectGood(host)
  })

  test('that never ends is given up ten seconds after its answer', async () => {
    const host = await hosts.open(config)
    const raw = await openRawSocket(host.origin)
    raw.send(head('POST /done', { ...JSON_TYPE, 'Transfer-Encoding': 'chunked' }))
    const chunk = `8000\r\n${'x'.repeat(0x8000)}\r\n`
    raw.send(chunk + chunk + chunk)
    const answer = await Promise.race([raw.received('ERR_BODY_TOO_LARGE'), afterManyTurns()])
    expect(answer).toContain('HTTP/1.1 413 ')
    host.clock.advance(10_000)
    await raw.closed()
    await expectGood(host)
  })

  test('that is longer than it says is a broken request', async () => {
    const host = await hosts.open(config)
    const raw = await openRawSocket(host.origin)
    raw.send(`${head('POST /done', { ...JSON_TYPE, 'Content-Length': 5 })}{"id":"good"}`)
    expect(await raw.closed()).toMatch(/^HTTP\/1.1 400 /)
    expect(host.hooks.stats()).toMatchObject({ received: 0, parked: 0 })
    await expectGood(host)
  })

  test.each([
    ['two lengths', 'Content-Length: 2\r\nContent-Length: 12\r\n'],
    ['a length beside chunks', 'Content-Length: 2\r\nTransfer-Encoding: chunked\r\n'],
    ['a length that is none', 'Content-Length: abc\r\n'],
    ['a negative length', 'Content-Length: -5\r\n'],
  ])('with %s never reaches the callbacks', async (_, lines) => {
    const host = await hosts.open(config)
    const raw = await openRawSocket(host.origin)
    raw.send(`POST /done HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n${lines}\r\n{"id":"good"}`)
    expect(await raw.closed()).toMatch(/^HTTP\/1.1 400 /)
    expect(host.hooks.stats().received).toBe(0)
    await expectGood(host)
  })

  test('in chunks of one byte arrives whole', async () => {
    const host = await hosts.open(config)
    const wait = host.hooks.wait('slow')
    const raw = await openRawSocket(host.origin)
    raw.send(head('POST /done', { ...JSON_TYPE, 'Transfer-Encoding': 'chunked', Connection: 'close' }))
    for (const letter of '{"id":"slow"}') raw.send(`1\r\n${letter}\r\n`)
    raw.send('0\r\n\r\n')
    expect(await raw.closed()).toMatch(/^HTTP\/1.1 200 /)
    await expect(wait).resolves.toEqual({ id: 'slow' })
  })
})

describe('a connection', () => {
  test('that is kept alive is of use after a body that was too large', async () => {
    const host = await hosts.open(config)
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    const send = (body: string): Promise<{ status: number | undefined; error: unknown; port: number | undefined }> =>
      new Promise((resolve, reject) => {
        const outgoing = httpRequest(`${host.origin}/done`, { method: 'POST', agent, headers: JSON_TYPE }, (answer) => {
          const { localPort } = answer.socket
          const text = answer.statusCode === 200 ? Promise.resolve(answer.resume()) : json(answer)
          void text.then((error) =>
            resolve({ status: answer.statusCode, error: Reflect.get(Object(error), 'error'), port: localPort }),
          )
        })
        outgoing.on('error', reject).end(body)
      })
    const first = await send(JSON.stringify({ id: 'a', pad: 'x'.repeat(1_000_000) }))
    expect(first).toMatchObject({ status: 413, error: 'ERR_BODY_TOO_LARGE' })
    const second = await send('{"id":"a"}')
    expect(second).toMatchObject({ status: 200, port: first.port })
    agent.destroy()
  })

  test('with several requests in a row answers each in its order', async () => {
    const host = await hosts.open(config)
    const raw = await openRawSocket(host.origin)
    const bodies = ['{"id":"a"}', '{', '{"id":[]}', '{"id":"b"}']
    raw.send(bodies.map((body) => head('POST /done', { ...JSON_TYPE, 'Content-Length': body.length }) + body).join(''))
    raw.send(head('POST /done', { ...JSON_TYPE, 'Content-Length': 2, Connection: 'close' }) + '{}')
    const answers = (await raw.closed()).match(/HTTP\/1.1 \d+/g)
    expect(answers).toEqual(['200', '400', '400', '200', '200'].map((status) => `HTTP/1.1 ${status}`))
    expect(host.hooks.stats().parked).toBe(2)
  })

  test('through a proxy may name the whole URL', async () => {
    const { hooks } = hosts.start(config)
    const origin = await hosts.serve(hooks.createServer())
    const raw = await openRawSocket(origin)
    raw.send(
      `${head('POST http://app.example/done?x=1', { ...JSON_TYPE, 'Content-Length': 10, Connection: 'close' })}{"id":"a"}`,
    )
    expect(await raw.closed()).toMatch(/^HTTP\/1.1 200 /)
    expect(hooks.stats().parked).toBe(1)
  })
})

async function afterManyTurns(): Promise<string> {
  for (let turn = 0; turn < 500; turn += 1) await new Promise((resolve) => setImmediate(resolve))
  return 'no answer'
}
