import { expect, test } from '@jest/globals'
import * as fc from 'fast-check'
import { FUZZ_MS, runs } from '../helpers/fuzz'
import { openRawSocket } from '../helpers/raw-socket'
import { type Host, useHosts } from '../helpers/use-hosts'

const hosts = useHosts()

/** The answers of the table, 299 for what goes on to the app, and those that Node gives before anybody sees a request. */
const STATUSES = new Set([100, 200, 204, 299, 400, 401, 404, 408, 413, 415, 417, 431, 503])
/** Ours say a code; those of Node have no body, or an empty one in chunks. */
const REFUSAL = /^(?:|0\r\n\r\n|\{"error":"ERR_[A-Z_]+"\})$/

const verify = { scheme: 'hmac', secret: 's3cret', signature: '${header.X-S}' } as const
const PATHS = ['/one', '/many', '/p/a', '/github', '/slack', '/zoom', '/x', '/meta', '/graph', '/twilio', '/form', '/']

async function open(): Promise<Host> {
  return hosts.open(
    {
      listener: {
        body_limit: '2kb',
        callbacks: [
          { path: '/one', identify_by: '${body.id}', status: '${body.s}', fail_when: 'bad', dedupe_by: '${query.d}' },
          { path: '/many', bulk: true, item: '${body.items}', identify_by: '${item.id}' },
          { path: '/p/:name', method: 'GET', identify_by: '${params.name}' },
          { path: '/github', identify_by: '${body.id}', verify: { scheme: 'github', secret: 'of-github' } },
          { path: '/slack', identify_by: '${body.id}', verify: { scheme: 'slack', secret: 's3cret' } },
          { path: '/zoom', identify_by: '${body.id}', verify: { scheme: 'zoom', secret: 's3cret' } },
          { path: '/x', identify_by: '${body.id}', verify, challenge: 'x' },
          { path: '/meta', identify_by: '${body.id}', challenge: { type: 'meta', token: 't' } },
          { path: '/graph', identify_by: '${body.id}', challenge: 'msgraph' },
          { path: '/twilio', identify_by: '${body.id}', verify: { scheme: 'twilio', secret: 's3cret' } },
          { path: '/form', identify_by: '${body.id}', response: { body: '${body}', headers: { X: '${query.x}' } } },
        ],
      },
      store: { park: { max: 100_000 } },
    },
    { publicUrl: 'http://127.0.0.1' },
    (app, hooks) => app.use(hooks).use((_request, response) => void response.status(299).end()),
  )
}

const methods = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.constantFrom('POST', 'POST', 'GET', 'PUT', 'HEAD', 'OPTIONS', 'DELETE', 'CONNECT', 'post'),
  },
  { weight: 1, arbitrary: fc.string({ maxLength: 6 }) },
)
const queries = fc.array(
  fc.constantFrom(
    ...[
      ['?', '&', '=', '%', '%zz', '%00', '%2F', 'callback_id', 'crc_token', 'hub.mode', 'subscribe', 'hub.challenge'],
      ['hub.verify_token', 't', 'validationToken', 'x', 'd', 'bodySHA256', '[]', '__proto__', '#', '\xe9'],
    ].flat(),
  ),
  { maxLength: 8 },
)
const targets = fc.oneof(
  fc
    .tuple(fc.constantFrom(...PATHS, '//one', '/ONE/', '/p/%E0%A4', 'http://x/one', '*', 'x:1'), queries)
    .map(([path, query]) => path + query.join('')),
  fc.string({ unit: 'binary', maxLength: 20 }),
)
const fields = fc.oneof(
  fc.constantFrom(
    ...[
      ['Content-Type: application/json', 'Content-Type: application/x-www-form-urlencoded', 'Content-Length: 7'],
      ['Content-Type: multipart/form-data; boundary=b', 'Content-Type: application/json; charset=x', 'Expect: x'],
      ['Transfer-Encoding: chunked', 'Content-Encoding: gzip', 'Content-Encoding: br', 'Expect: 100-continue'],
      ['X-Hub-Signature-256: sha256=00', 'X-Slack-Signature: v0=00', 'X-Slack-Request-Timestamp: 1767225600'],
      ['X-Zm-Signature: v0=00', 'X-Twilio-Signature: AAAA', '__proto__: x', 'constructor: x', 'Content-Length: -1'],
      ['Connection: close', 'Connection: Upgrade', 'Upgrade: websocket', 'X-S: 00', ': x', 'X', 'Host: a', 'Host: b'],
    ].flat(),
  ),
  fc
    .tuple(fc.stringMatching(/^[A-Za-z-]{1,12}$/), fc.string({ unit: 'binary', maxLength: 20 }))
    .map((it) => it.join(': ')),
)
const bodies = fc.oneof(
  fc.constantFrom('', '{"id":"a"}', '{"items":[{"id":1},{}]}', 'id=a&ssl_check=1', '{"type":"url_verification"}'),
  fc.constantFrom('7\r\n{"id":1}\r\n0\r\n\r\n', 'ffffffffffffffff\r\n', '3;x=y\r\nabc\r\n0\r\nA: b\r\n\r\n', '-1\r\n'),
  fc.json(),
  fc.string({ unit: 'binary', maxLength: 60 }),
  fc.nat({ max: 4000 }).map((length) => '['.repeat(length)),
)

/** A request that is right where luck has it so: with the length of its body more often than not. */
const requests = fc
  .tuple(methods, targets, fc.array(fields, { maxLength: 6 }), bodies, fc.integer({ min: -1, max: 3 }))
  .map(([method, target, lines, body, more]) => {
    const length = more > 0 ? [`Content-Length: ${body.length}`] : []
    const version = more < 0 ? 'HTTP/1.0' : 'HTTP/1.1'
    return `${method} ${target} ${version}\r\n${['Host: x', ...length, ...lines].join('\r\n')}\r\n\r\n${body}`
  })

/** What goes over one connection: requests in a row, perhaps cut, or anything. */
const connections = fc.oneof(
  { weight: 8, arbitrary: fc.array(requests, { minLength: 1, maxLength: 3 }).map((list) => list.join('')) },
  { weight: 2, arbitrary: fc.tuple(requests, fc.nat()).map(([text, end]) => text.slice(0, end % text.length)) },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes).toString('latin1')) },
)

/** Sends bytes, ends its side, and gives what came until the other side has closed. */
async function exchange(origin: string, bytes: string): Promise<string> {
  const raw = await openRawSocket(origin)
  raw.socket.end(Buffer.from(bytes, 'latin1'))
  return raw.closed()
}

/** Each answer with its body, as far as it came. */
function answersOf(text: string): readonly (readonly [number, string])[] {
  return text
    .split(/(?=HTTP\/1\.1 \d{3} )/)
    .filter((answer) => answer !== '')
    .map((answer) => {
      const [top = '', body = ''] = answer.split(/\r\n\r\n(.*)/s)
      return [Number(/^HTTP\/1\.1 (\d{3}) /.exec(top)?.[1]), body]
    })
}

async function isServed(host: Host, id: string): Promise<void> {
  const wait = host.hooks.wait(id, { path: '/one' })
  const body = JSON.stringify({ id, s: 'ok' })
  const head = `POST /one HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n`
  expect(await exchange(host.origin, head + body)).toMatch(/^HTTP\/1\.1 200 OK\r\n/)
  await expect(wait).resolves.toEqual({ id, s: 'ok' })
}

test(
  'any bytes on a connection get answers of the table or none, and harm no later callback',
  async () => {
    const host = await open()
    let count = 0
    await fc.assert(
      fc.asyncProperty(connections, async (bytes) => {
        for (const [status, body] of answersOf(await exchange(host.origin, bytes))) {
          expect([status, STATUSES.has(status)]).toEqual([status, true])
          if (status >= 400) expect(body).toMatch(REFUSAL)
        }
        count += 1
        if (count % 50 === 0) await isServed(host, `good-${count}`)
      }),
      { numRuns: runs(500) },
    )
    expect(host.log.filter(({ level }) => level === 'error')).toEqual([])
    await isServed(host, 'good')
  },
  FUZZ_MS,
)
