import { describe, expect, test } from '@jest/globals'
import { findFreePorts } from '../helpers/free-ports'
import { useCli } from './use-cli'
import { messagesOf, type Up, useUp } from './use-up'

const cli = useCli()
const up = useUp(cli)

const LISTENER = `
listener:
  host: 127.0.0.1
  port: 0
  base_path: /webhooks
  callbacks:
    - { path: /done, identify_by: "\${body.id}", status: "\${body.status}", success_when: ok, fail_when: bad }
    - { path: "/jobs/:id", method: PUT, identify_by: "\${params.id}" }
    - { path: /signed, identify_by: "\${body.id}", verify: { scheme: token, secret: of-the-test-1 } }
store: { park: { for: 1m } }
`

/** Sends a request to the listener. */
async function send(running: Up, method: string, path: string, body?: unknown): Promise<number> {
  const [, origin] = await running.stdout.shows(/(http:\/\/[^/]+)\/webhooks\/done\b/)
  const headers = { 'content-type': 'application/json', connection: 'close' }
  const response = await fetch(`${origin}${path}`, {
    method,
    headers,
    ...(body !== undefined && { body: JSON.stringify(body) }),
  })
  await response.text()
  return response.status
}

function since(running: Up): () => readonly string[] {
  const { length } = messagesOf(running)
  return () => messagesOf(running).slice(length)
}

describe('up writes a line for what no endpoint takes', () => {
  test.each([
    ['POST', '/webhook/done', 'POST /webhook/done 404: no endpoint; did you mean POST /webhooks/done?'],
    ['POST', '/done', 'POST /done 404: no endpoint; did you mean POST /webhooks/done?'],
    ['POST', '/api/webhooks/done', 'POST /api/webhooks/done 404: no endpoint; did you mean POST /webhooks/done?'],
    ['GET', '/webhooks/done', 'GET /webhooks/done 404: no endpoint; did you mean POST /webhooks/done?'],
    ['PUT', '/WEBHOOKS/done/', 'PUT /WEBHOOKS/done/ 404: no endpoint; did you mean POST /webhooks/done?'],
    ['POST', '/webhooks/jobs/7', 'POST /webhooks/jobs/7 404: no endpoint; did you mean PUT /webhooks/jobs/:id?'],
    ['PUT', '/webhooks/job/7', 'PUT /webhooks/job/7 404: no endpoint; did you mean PUT /webhooks/jobs/:id?'],
    [
      'POST',
      '/favicon.ico',
      'POST /favicon.ico 404: no endpoint; there are POST /webhooks/done, PUT /webhooks/jobs/:id, POST /webhooks/signed',
    ],
    [
      'POST',
      '/webhook/done?token=abc&callback_id=tkt-0123456789012345678901234567',
      'POST /webhook/done 404: no endpoint; did you mean POST /webhooks/done?',
    ],
    [
      'POST',
      '/webhooks/sk_live_4242424242424242abcd/done',
      expect.stringMatching(/^POST \/webhooks\/sk_l…\/done 404: no endpoint; /),
    ],
    ['POST', '/webhooks/done%0aforged', expect.stringMatching(/^POST \/webhooks\/done%0aforged 404: no endpoint; /)],
  ])('%s %s', async (method, path, line) => {
    const running = await up(LISTENER)
    const lines = since(running)
    expect(await send(running, method, path, method === 'GET' ? undefined : { id: 'a' })).toBe(404)
    expect(lines()).toEqual([line])
  })

  test('ten of them, then one a minute that counts the others', async () => {
    const running = await up(LISTENER)
    const lines = since(running)
    for (let index = 0; index < 14; index += 1) await send(running, 'POST', `/webhook/done`)
    expect(lines()).toHaveLength(10)
    running.clock.advance(59_000)
    await send(running, 'POST', '/webhook/done')
    expect(lines()).toHaveLength(10)
    running.clock.advance(1000)
    await send(running, 'POST', '/webhook/done')
    await send(running, 'POST', '/webhook/done')
    expect(lines().slice(10)).toEqual([
      'POST /webhook/done 404: no endpoint; did you mean POST /webhooks/done? (and 5 more since the line before)',
    ])
  })

  test('with the port of another listener that has the path', async () => {
    const running = await up(`
listeners:
  - { host: 127.0.0.1, port: 0, path: /webhooks/done, identify_by: "\${body.id}" }
  - { host: 127.0.0.1, port: ${(await findFreePorts(1))[0]}, path: /webhooks/other, identify_by: "\${body.id}" }
`)
    const lines = since(running)
    expect(await send(running, 'POST', '/webhooks/other', { id: 'a' })).toBe(404)
    expect(lines()).toEqual([
      expect.stringMatching(
        /^POST \/webhooks\/other 404: no endpoint; did you mean POST \/webhooks\/other on port \d+\?$/,
      ),
    ])
  })

  test('in JSON, too', async () => {
    const running = await up(LISTENER, ['--log-format', 'json'])
    await send(running, 'POST', '/webhook/done')
    expect(JSON.parse(running.stdout.lines.at(-1) ?? '')).toMatchObject({
      level: 'warn',
      code: 'ERR_NOT_FOUND',
      msg: 'POST /webhook/done 404: no endpoint; did you mean POST /webhooks/done?',
    })
  })
})

describe('up says why a callback ended no wait', () => {
  test.each([
    ['/webhooks/done', { status: 'ok' }, 200, /identify_by/],
    [
      '/webhooks/done',
      { id: 'a', status: 'odd' },
      200,
      /^POST \/webhooks\/done pending id=a status=odd: the status is in neither "success_when" nor "fail_when", so that the wait goes on$/,
    ],
    [
      '/webhooks/done',
      { id: 'a' },
      200,
      /^POST \/webhooks\/done pending id=a: "status" finds nothing in it, so that the wait goes on$/,
    ],
    [
      '/webhooks/done',
      { id: 'a', status: 'ok' },
      200,
      /^POST \/webhooks\/done parked id=a status=ok: nothing waits for its id yet$/,
    ],
    [
      '/webhooks/signed',
      { id: 'a' },
      401,
      /^POST \/webhooks\/signed rejected code=ERR_UNVERIFIED: The sender is not verified: .+; compare "verify" and its secret with what the sender signs with$/,
    ],
  ])('%s %j', async (path, body, status, line) => {
    const running = await up(LISTENER)
    const lines = since(running)
    expect(await send(running, 'POST', path, body)).toBe(status)
    expect(lines()).toEqual([expect.stringMatching(line)])
  })

  test('it was settled already, or expired', async () => {
    const running = await up(LISTENER)
    const lines = since(running)
    await send(running, 'POST', '/webhooks/done', { id: 'a', status: 'ok' })
    await send(running, 'POST', '/webhooks/done', { id: 'a', status: 'ok' })
    running.clock.advance(61_000)
    expect(lines().slice(1)).toEqual([
      'POST /webhooks/done duplicate id=a status=ok: its id is settled already, or it came before',
      'POST /webhooks/done expired id=a status=ok: nothing waited for it in time ("store.park")',
    ])
  })
})
