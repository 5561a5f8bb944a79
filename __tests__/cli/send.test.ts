import { generateKeyPairSync } from 'node:crypto'
import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { afterEach, describe, expect, test } from '@jest/globals'
import { findFreePorts } from '../helpers/free-ports'
import { PROVIDER_NAMES } from '../../lib/cli/send/events/events'
import { SCHEMES, VERIFY_SCHEMES } from '../../lib/verify/schemes'
import { useCli } from './use-cli'
import { useUp } from './use-up'

const cli = useCli()
const up = useUp(cli)

const SECRET = 'user:canary-of-the-secret'
const STANDARD = 'Y2FuYXJ5LW9mLXRoZS1zZWNyZXQ='
const KEY = '44782DEF547AAA06C910C43932B1EB0C71FC68D9D0C057550C48EC2ACF6BA056'
const ed25519 = generateKeyPairSync('ed25519')
const ecdsa = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const pemOf = ({ privateKey }: typeof ed25519): string => privateKey.export({ format: 'pem', type: 'pkcs8' }).toString()
const spkiOf = ({ publicKey }: typeof ed25519): Buffer => publicKey.export({ format: 'der', type: 'spki' })
const SECRETS: Readonly<Record<string, string>> = {
  adyen: KEY,
  discord: spkiOf(ed25519).subarray(-32).toString('hex'),
  ed25519: spkiOf(ed25519).toString('hex'),
  sendgrid: spkiOf(ecdsa).toString('base64'),
  telnyx: spkiOf(ed25519).subarray(-32).toString('base64'),
}
const SIGNED = VERIFY_SCHEMES.filter((scheme) => scheme !== 'sns' && scheme !== 'fal')

function secretOf(name: string): string {
  const scheme = VERIFY_SCHEMES.find((one) => one === name)
  const isBase64 = scheme !== undefined && SCHEMES[scheme].form?.keyEncoding === 'base64'
  return SECRETS[name] ?? (isBase64 ? STANDARD : `${SECRET}-${name}`)
}

function endpointOf(scheme: string): string {
  const signature = scheme === 'hmac' || scheme === 'ed25519' ? ', signature: "${header.x-sig}"' : ''
  const verify = `verify: { scheme: ${scheme}, secret: "${secretOf(scheme)}"${signature} }`
  return scheme === 'adyen'
    ? `{ path: /adyen, bulk: true, item: "\${body.notificationItems}", identify_by: "\${item.NotificationRequestItem.pspReference}", ${verify} }`
    : `{ path: /${scheme}, identify_by: "\${body.id}", ${verify} }`
}

test('what is sent by each scheme is taken, and refused when it is forged', async () => {
  const [port] = await findFreePorts(1)
  const listener = `host: 127.0.0.1, port: ${port}, callbacks: [${SIGNED.map(endpointOf).join(', ')}]`
  const files = {
    'callbacks.yml': `listener: { ${listener} }`,
    'ed25519.pem': pemOf(ed25519),
    'sendgrid.pem': pemOf(ecdsa),
  }
  await up(files['callbacks.yml'])
  for (const scheme of SIGNED) {
    const file = scheme === 'sendgrid' ? 'sendgrid.pem' : 'ed25519.pem'
    const content =
      scheme === 'adyen' ? ['--set', 'notificationItems=[{"NotificationRequestItem":{"success":"true"}}]'] : []
    const argv = ['send', `/${scheme}`, '--id', '7', '--private-key', file, ...content]
    const line = `POST http://127.0.0.1:${port}/${scheme}: `
    const sent = await cli.run(argv, { files })
    expect({ scheme, ...sent }).toMatchObject({ scheme, code: 0, stderr: '' })
    expect(sent.stdout).toMatch(new RegExp(`^${line}taken \\(200\\) in \\d+ ms(: answered .*)?\n$`))
    const forged = await cli.run([...argv, '--forge'], { files })
    expect(forged).toMatchObject({ code: 0, stderr: '' })
    expect(forged.stdout).toMatch(new RegExp(`^${line}refused ERR_UNVERIFIED \\(401\\) in \\d+ ms\n$`))
    for (const { stdout } of [sent, forged]) expect(stdout).not.toMatch(/canary|Y2FuYXJ5/)
  }
})

interface Seen {
  readonly method: string | undefined
  readonly url: string | undefined
  readonly headers: IncomingMessage['headers']
  readonly body: Buffer
}

const servers: Server[] = []

afterEach(async () => {
  for (const server of servers.splice(0)) await new Promise((resolve) => server.close(resolve))
})

/** A server that keeps what it is sent, and answers as told. */
async function record(status = 200, answer = ''): Promise<{ readonly port: number; readonly seen: Seen[] }> {
  const seen: Seen[] = []
  const server = createServer((request, response) => {
    const { method, url, headers } = request
    const keep = async (): Promise<void> => {
      seen.push({ method, url, headers, body: await buffer(request) })
      response.writeHead(status).end(answer)
    }
    void keep()
  })
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return { port: (server.address() as AddressInfo).port, seen }
}

/** Sends to a recorder by a listener that is written as flow YAML. */
async function sendTo(
  listener: string,
  argv: readonly string[],
  options: { readonly files?: object; readonly stdin?: string } = {},
) {
  const { port, seen } = await record()
  const files = { 'callbacks.yml': `listener: { port: ${port}, ${listener} }`, ...options.files }
  const ended = await cli.run(['send', ...argv], { ...options, files })
  expect(ended).toMatchObject({ code: 0, stderr: '' })
  const [first] = seen
  return { ...ended, seen, url: first?.url, headers: first?.headers, body: first?.body.toString() }
}

const DONE = 'path: /done, identify_by: "${body.id}"'

describe('the body', () => {
  test.each([
    ['nothing', [], {}, '{}'],
    ['sets', ['--set', 'task_id=1', '--set', 'data.url=https://x'], {}, '{"task_id":1,"data":{"url":"https://x"}}'],
    ['a file, byte for byte', ['--body', 'b.json'], { files: { 'b.json': ' {"a" : 1.0}\r\n' } }, ' {"a" : 1.0}\r\n'],
    ['stdin', ['--body', '-'], { stdin: '{"a":"Zoë"}' }, '{"a":"Zoë"}'],
    [
      'a file and sets',
      ['--body', 'b.json', '--set', 'a.b=2'],
      { files: { 'b.json': '{"a":{"b":1},"n":12345678901234567890}' } },
      '{"a":{"b":2},"n":"12345678901234567890"}',
    ],
    ['a form', ['--type', 'application/x-www-form-urlencoded', '--set', 'a=x y', '--set', 'b=1'], {}, 'a=x+y&b=1'],
    ['a form and an id', ['--type', 'application/x-www-form-urlencoded', '--id', '7'], {}, 'id=7'],
    [
      'a form in a file',
      ['--body', 'f', '--type', 'application/x-www-form-urlencoded', '--set', 'b=2'],
      { files: { f: 'a=1&a=2' } },
      'a=1&a=2&b=2',
    ],
    ['text', ['--body', '-', '--type', 'text/plain'], { stdin: 'hello' }, 'hello'],
  ])('%s', async (_name, argv, options, body) => {
    expect((await sendTo(DONE, argv, options)).body).toBe(body)
  })

  test('has the type that is named, else JSON; a header wins', async () => {
    expect((await sendTo(DONE, [])).headers?.['content-type']).toBe('application/json')
    expect((await sendTo(DONE, ['--type', 'a/b'])).headers?.['content-type']).toBe('a/b')
    const argv = ['--type', 'a/b', '--header', 'Content-Type: c/d', '--header', 'X-Name: Zoë']
    const { headers } = await sendTo(DONE, argv)
    expect(headers).toMatchObject({ 'content-type': 'c/d', 'x-name': Buffer.from('Zoë').toString('latin1') })
  })
})

describe('the id', () => {
  test.each([
    ['a field', DONE, [], '/done', '{"id":"7"}'],
    [
      'a field below',
      'path: /done, identify_by: "${body.data.object.id}"',
      ['--set', 'data.a=1'],
      '/done',
      '{"data":{"a":1,"object":{"id":"7"}}}',
    ],
    ['the first of several places', 'path: /done, identify_by: "${body.id | body.task}"', [], '/done', '{"id":"7"}'],
    ['the query', 'path: /done, identify_by: "${query.task}"', [], '/done?task=7', '{}'],
    ['a ticket', 'path: /done', [], '/done?callback_id=7', '{}'],
    ['the path', 'path: "/done/:id", identify_by: "${params.id}"', [], '/done/7', '{}'],
    [
      'an item',
      'path: /done, bulk: true, item: "${body.items}", identify_by: "${item.id}"',
      [],
      '/done',
      '{"items":[{"id":"7"}]}',
    ],
    [
      'an item that is there',
      'path: /done, bulk: true, item: "${body.items}", identify_by: "${item.id}"',
      ['--set', 'items=[{"a":1},{"id":"8"}]'],
      '/done',
      '{"items":[{"a":1,"id":"7"},{"id":"8"}]}',
    ],
    [
      'an item of a list',
      'path: /done, item: "${body.data}", identify_by: "${item.id}"',
      [],
      '/done',
      '{"data":{"id":"7"}}',
    ],
    [
      'a path that is named',
      'path: "/done/:id", identify_by: "${body.id}"',
      ['/done/9?a=b'],
      '/done/9?a=b',
      '{"id":"7"}',
    ],
    [
      'beside a parameter',
      'path: "/:team/done", identify_by: "${body.id}"',
      ['--param', 'team=a b'],
      '/a%20b/done',
      '{"id":"7"}',
    ],
    [
      'beside a wildcard',
      'path: "/done/*rest", identify_by: "${body.id}"',
      ['--param', 'rest=a/b'],
      '/done/a/b',
      '{"id":"7"}',
    ],
  ])('stands in %s', async (_name, listener, argv, url, body) => {
    expect(await sendTo(listener, [...argv, '--id', '7'])).toMatchObject({ url, body })
  })

  test('stands in a header', async () => {
    const { headers } = await sendTo('path: /done, identify_by: "${header.X-Task-Id}"', ['--id', '7'])
    expect(headers?.['x-task-id']).toBe('7')
  })
})

describe('the endpoint', () => {
  const SEVERAL =
    'base_path: /hooks, callbacks: [{ path: /a }, { path: /b }, { path: /b, method: PUT }, { path: "/c/:id" }]'

  test.each([
    ['/a', 'POST', '/hooks/a'],
    ['/hooks/a', 'POST', '/hooks/a'],
    ['put /b', 'PUT', '/hooks/b'],
    ['POST /hooks/b', 'POST', '/hooks/b'],
    ['/a?x=1', 'POST', '/hooks/a?x=1'],
    ['/hooks/c/7', 'POST', '/hooks/c/7'],
  ])('is named as %s', async (name, method, url) => {
    const { seen } = await sendTo(SEVERAL, [name])
    expect(seen).toEqual([expect.objectContaining({ method, url })])
    const { seen: again } = await sendTo(SEVERAL, name.split(' '))
    expect(again).toEqual([expect.objectContaining({ method, url })])
  })

  test.each([
    ['none of several', [], 'Which endpoint is to be called? Name one of POST /hooks/a (port 8090), POST /hooks/b'],
    ['two methods', ['/b'], 'Name one of POST /hooks/b (port 8090), PUT /hooks/b (port 8090)'],
    ['an unknown one', ['/hooks/aa'], 'No endpoint is "/hooks/aa". Did you mean'],
    ['another method', ['GET /a'], 'No endpoint is "GET /a".'],
    ['a parameter that is missing', ['/c/:id'], 'The path of POST /hooks/c/:id has parameters; give each of them'],
  ])('%s is wrong usage', async (_name, argv, message) => {
    const ended = await cli.run(['send', ...argv], { files: { 'callbacks.yml': `listener: { ${SEVERAL} }` } })
    expect(ended).toEqual({ code: 2, stdout: '', stderr: expect.stringMatching(/^error: [^\n]*\n$/) })
    expect(ended.stderr).toContain(message)
  })
})

describe('what is wrong is said in one line', () => {
  const config = (listener: string, rest = ''): string => `listener: { ${listener} }${rest}`
  const SQUARE = `${DONE}, verify: { scheme: square, secret: ${SECRET} }`
  test.each([
    ['no number of times', config(DONE), ['--times', '0'], '--times must be a whole number from 1 to 1000; found "0"'],
    ['too many times', config(DONE), ['--times', '9999'], '--times must be a whole number'],
    ['no URL', config(DONE), ['--to', 'localhost'], '--to must be a URL such as'],
    ['another protocol', config(DONE), ['--to', 'ftp://x/'], '--to must be a URL such as'],
    ['no header', config(DONE), ['--header', 'nothing'], '--header needs NAME: VALUE'],
    ['no parameter', config(DONE), ['--param', 'nothing'], '--param needs NAME=VALUE'],
    ['no file', config(DONE), ['--body', 'none.json'], '--body names a file that cannot be read'],
    ['no key file', config(DONE), ['--private-key', 'none.pem'], '--private-key names a file that cannot be read'],
    [
      'an unknown provider',
      config(DONE),
      ['--provider', 'strip'],
      '--provider cannot be "strip". Did you mean "stripe"?',
    ],
    [
      'an unknown event',
      config(DONE),
      ['--provider', 'stripe', '--event', 'x'],
      '--event of stripe cannot be "x". There are: checkout.session.completed, payment_intent.succeeded.',
    ],
    ['an event without provider', config(DONE), ['--event', 'push'], '--event needs the provider'],
    ['two bodies', config(DONE), ['--provider', 'github', '--body', '-'], '--body and --provider both give a body'],
    [
      'a set of text',
      config(DONE),
      ['--body', '-', '--set', 'a=1'],
      '--set changes a field of a body that is JSON or a form',
    ],
    [
      'an id without place',
      config('path: /done, identify_by: "${method}"'),
      ['--id', '7'],
      '--id cannot be written where identify_by reads it ("${method}")',
    ],
    ['nothing to forge', config(DONE), ['--forge'], 'POST /done has no "verify"'],
    [
      'a private key that is missing',
      config(`${DONE}, verify: { scheme: discord, secret: "${SECRETS['discord']}" }`),
      [],
      'name the file of the private key (PEM, or whsk_…) with --private-key',
    ],
    [
      'any free port',
      config(`port: 0, ${DONE}`),
      [],
      'The listener of POST /done takes any free port; name its URL with --to',
    ],
    [
      'a URL that only the gateway knows',
      config(SQUARE, '\ngateway: { driver: cloudflare, port: 8090 }'),
      [],
      '"square" signs the public URL, which only the running gateway',
    ],
    [
      'no endpoint',
      'workflow: { jobs: [{ id: a, component: logger, input: { data: 1 } }] }',
      [],
      'The config has no listener',
    ],
  ])('%s', async (_name, yaml, argv, message) => {
    const ended = await cli.run(['send', ...argv], { files: { 'callbacks.yml': yaml }, stdin: 'text' })
    expect(ended).toEqual({ code: 2, stdout: '', stderr: expect.stringMatching(/^error: [^\n]*\n$/) })
    expect(ended.stderr).toContain(message)
    expect(ended.stderr).not.toContain(SECRET)
  })

  test.each(['sns', 'fal'])('%s can sign by itself alone', async (scheme) => {
    const files = { 'callbacks.yml': config(`${DONE}, verify: ${scheme}, challenge: false`) }
    const ended = await cli.run(['send'], { files })
    expect(ended).toMatchObject({ code: 1, stdout: '' })
    expect(ended.stderr).toContain(`Only "${scheme}" itself can sign`)
  })

  test('nothing listens', async () => {
    const [port] = await findFreePorts(1)
    const ended = await cli.run(['send'], { files: { 'callbacks.yml': config(`port: ${port}, ${DONE}`) } })
    const stderr = `error: Nothing listens on http://127.0.0.1:${port}; start the app there, or "express-callbacks up", or name the URL with --to\n`
    expect(ended).toEqual({ code: 1, stdout: '', stderr })
  })
})

describe('the answer', () => {
  test.each([
    [200, '', 'taken (200) in 0 ms', 0],
    [202, '{"ok":true}', 'taken (202) in 0 ms: answered {"ok":true}', 0],
    [200, `line\none\u001b[31m ${SECRET}`, 'taken (200) in 0 ms: answered line one [31m [redacted]', 0],
    [302, '', 'redirected (302) in 0 ms', 1],
    [400, '{"error":"ERR_ID"}', 'refused ERR_ID (400) in 0 ms', 1],
    [
      401,
      '{"error":"ERR_UNVERIFIED"}',
      'refused ERR_UNVERIFIED (401) in 0 ms: the listener may have another secret',
      1,
    ],
    [404, 'Cannot POST /done', 'refused (404) in 0 ms: answered Cannot POST /done; nothing is served there', 1],
    [503, '{"error":"ERR_CLOSED"}', 'refused ERR_CLOSED (503) in 0 ms', 1],
  ])('%s %j', async (status, answer, shown, code) => {
    const { port } = await record(status, answer)
    const yaml = `listener: { port: ${port}, ${DONE}, verify: { scheme: token, secret: ${SECRET} } }`
    const ended = await cli.run(['send'], { files: { 'callbacks.yml': yaml } })
    expect({ ...ended, stdout: ended.stdout.replace(/in \d+ ms/, 'in 0 ms') }).toEqual({
      code,
      stdout: expect.stringMatching(/^[^\n]*\n$/),
      stderr: '',
    })
    expect(ended.stdout.replace(/in \d+ ms/, 'in 0 ms')).toContain(`POST http://127.0.0.1:${port}/done: ${shown}`)
  })

  test('of a forged call that was taken is a failure', async () => {
    const { port } = await record()
    const yaml = `listener: { port: ${port}, ${DONE}, verify: { scheme: stripe, secret: ${SECRET} } }`
    const { code, stdout } = await cli.run(['send', '--forge'], { files: { 'callbacks.yml': yaml } })
    expect(code).toBe(1)
    expect(stdout).toMatch(/taken \(200\) in \d+ ms: it was believed, although its signature is wrong\n$/)
  })

  test('is printed for each try; all are the same call', async () => {
    const { stdout, seen } = await sendTo(`${DONE}, verify: { scheme: svix, secret: "${STANDARD}" }`, ['--times', '3'])
    expect(stdout.split('\n').map((line) => line.replace(/ POST .*/, ''))).toEqual(['1/3', '2/3', '3/3', ''])
    expect(seen).toHaveLength(3)
    expect(new Set(seen.map(({ headers, body }) => JSON.stringify([headers, body.toString()]))).size).toBe(1)
  })
})

describe('where it goes', () => {
  test.each([
    ['/mount/done?a=b', '/mount/done?a=b'],
    ['/', '/done'],
    ['', '/done'],
  ])('--to with %j', async (path, url) => {
    const { port, seen } = await record()
    const files = { 'callbacks.yml': `listener: { port: 0, ${DONE} }` }
    expect(await cli.run(['send', '--to', `http://127.0.0.1:${port}${path}`], { files })).toMatchObject({ code: 0 })
    expect(seen.map((one) => one.url)).toEqual([url])
  })

  test.each([
    ['public_url of the listener', 'public_url: https://hooks.example.com', ''],
    ['public_url of a gateway', '', 'gateway: { driver: static, port: PORT, public_url: https://hooks.example.com }'],
  ])('the %s is signed', async (_name, own, gateway) => {
    const [port] = await findFreePorts(1)
    const listener = `host: 127.0.0.1, port: ${port}, ${DONE}, ${own}`
    const yaml = `listener: { ${listener}${own && ', '}verify: { scheme: square, secret: ${SECRET} } }\n${gateway.replace('PORT', String(port))}`
    await up(yaml)
    expect(await cli.run(['send', '--id', '7'], { files: { 'callbacks.yml': yaml } })).toMatchObject({ code: 0 })
  })
})

describe('a body of a provider', () => {
  test.each(PROVIDER_NAMES.filter((name) => name !== 'fal'))(
    'of %s is believed by its scheme, with the id of --id',
    async (name) => {
      const [port] = await findFreePorts(1)
      const listener = `host: 127.0.0.1, port: ${port}, ${DONE}, verify: { scheme: ${name}, secret: "${secretOf(name)}" }`
      const yaml = `listener: { ${listener} }`
      await up(yaml)
      const { code, stdout } = await cli.run(['send', '--provider', name, '--id', '7'], {
        files: { 'callbacks.yml': yaml },
      })
      expect({ code, stdout }).toEqual({ code: 0, stdout: expect.stringMatching(/: taken \(200\) in \d+ ms\n$/) })
    },
  )

  test.each([
    [
      'stripe',
      'checkout.session.completed',
      {},
      { type: 'checkout.session.completed', object: 'event', data: { object: { object: 'checkout.session' } } },
    ],
    ['stripe', 'payment_intent.succeeded', {}, { data: { object: { object: 'payment_intent', status: 'succeeded' } } }],
    [
      'github',
      'push',
      { 'x-github-event': 'push' },
      { ref: 'refs/heads/main', repository: { full_name: 'ada/prints' } },
    ],
    [
      'github',
      'workflow_run',
      { 'x-github-event': 'workflow_run' },
      { action: 'completed', workflow_run: { conclusion: 'success' } },
    ],
    ['replicate', 'completed', {}, { status: 'succeeded', error: null }],
    ['fal', 'completed', {}, { status: 'OK', payload: { seed: 7141 } }],
    ['openai', 'response.completed', {}, { object: 'event', type: 'response.completed' }],
    ['slack', 'app_mention', {}, { type: 'event_callback', event: { type: 'app_mention' } }],
    ['shopify', 'orders/paid', { 'x-shopify-topic': 'orders/paid' }, { financial_status: 'paid' }],
    ['standard-webhooks', 'task.completed', {}, { type: 'task.completed', data: { status: 'completed' } }],
  ])('%s %s', async (provider, event, headers, body) => {
    const sent = await sendTo(DONE, ['--provider', provider, '--event', event, '--set', 'extra=1'])
    expect(sent.headers).toMatchObject(headers)
    expect(JSON.parse(sent.body ?? '')).toMatchObject({ ...body, extra: 1 })
  })

  test('of Twilio is a form; each has ids of its own', async () => {
    const argv = ['--provider', 'twilio', '--event', 'sms', '--set', 'Body=Hello you']
    const { headers, body } = await sendTo(DONE, argv)
    expect(headers?.['content-type']).toBe('application/x-www-form-urlencoded; charset=UTF-8')
    const form = new URLSearchParams(body)
    expect(form.get('Body')).toBe('Hello you')
    expect(form.get('MessageSid')).toMatch(/^SM[\da-f]{32}$/)
    const other = new URLSearchParams((await sendTo(DONE, argv)).body)
    expect(other.get('MessageSid')).not.toBe(form.get('MessageSid'))
  })
})

describe('with a controller in the config, the line says what became of the call', () => {
  const CONFIG = (listenerPort: number, controllerPort: number, more = ''): string => `
listener:
  host: 127.0.0.1
  port: ${listenerPort}
  callbacks:
    - { path: /done, identify_by: "\${body.id}", status: "\${body.status}", success_when: [ok], fail_when: [bad], workflow: false }
    - { path: /signed, identify_by: "\${body.id}", verify: { scheme: github, secret: ${SECRET} } }
    - { path: /event, identify_by: "\${body.id}", workflow: greet }
component: { type: logger }
workflow: { id: greet, job: {} }
controller: { port: ${controllerPort}, base_path: /_callbacks${more} }
`

  test.each([
    ['', ''],
    [' with a token', ', auth: { type: bearer, token: canary-of-the-controller }'],
  ])('for each verdict%s', async (_with, more) => {
    const [port = 0, controllerPort = 0] = await findFreePorts(2)
    const yaml = CONFIG(port, controllerPort, more)
    await up(yaml)
    const send = async (...argv: readonly string[]): Promise<string> => {
      const { stdout } = await cli.run(['send', ...argv], { files: { 'callbacks.yml': yaml } })
      expect(stdout).not.toContain('canary')
      return stdout.replace(/in \d+ ms/g, 'in 1 ms').replaceAll(`http://127.0.0.1:${port}`, '')
    }
    expect(await send('/done', '--id', '7', '--set', 'status=ok', '--times', '2')).toBe(
      '1/2 POST /done: taken (200) in 1 ms: parked: Nobody waits for "7" yet; the callback is kept until somebody does (store.park)\n' +
        '2/2 POST /done: taken (200) in 1 ms: duplicate: "7" is settled or parked already, or the same delivery came before (dedupe_by)\n',
    )
    expect(await send('/done', '--id', '8', '--set', 'status=busy')).toContain(
      'taken (200) in 1 ms: pending: The status "busy" says that the work for "8" goes on',
    )
    expect(await send('/done', '--set', 'status=ok')).toContain('unidentified: identify_by finds no id in it')
    expect(await send('/event', '--id', '9')).toMatch(/taken \(200\) in 1 ms: started: It started the task \S+\n$/)
    expect(await send('/signed', '--id', '7', '--forge')).toMatch(
      /^POST \/signed: refused ERR_UNVERIFIED \(401\) in 1 ms: .*signature.*\n$/i,
    )
    expect(await send('/done', '--to', `http://127.0.0.1:${port}/don`)).toMatch(
      /refused ERR_NOT_FOUND \(404\) in 1 ms: unrouted: No endpoint takes this method and path; did you mean POST \/done\?|refused \(404\) in 1 ms: unrouted: /,
    )
  })

  test.each([
    ['nobody answers there', undefined],
    ['another program answers there', 200],
    ['it refuses to answer', 401],
  ])('and as before where %s', async (_what, status) => {
    const [port = 0, free = 0] = await findFreePorts(2)
    const controller = status === undefined ? free : (await record(status, 'no list')).port
    const running = CONFIG(port, 0)
    await up(running)
    const { code, stdout } = await cli.run(['send', '/done', '--id', '7', '--set', 'status=ok'], {
      files: { 'callbacks.yml': CONFIG(port, controller) },
    })
    expect({ code, stdout: stdout.replace(/\d+ ms/, '1 ms') }).toEqual({
      code: 0,
      stdout: `POST http://127.0.0.1:${port}/done: taken (200) in 1 ms\n`,
    })
  })
})
