import { createHmac } from 'node:crypto'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { parseConfig } from '../../lib'
import { useHosts } from '../helpers/use-hosts'
import { useCanaries } from './canaries'

const canaries = useCanaries()
const hosts = useHosts()
let folder = ''
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'redaction-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

/** What a template of an endpoint reads, which the page shows. */
const YAML = `
listener:
  callbacks:
    - { path: /done, identify_by: "\${body.id}", status: "\${body.state}", success_when: [ok], fail_when: [bad] }
    - path: /signed
      identify_by: \${body.id}
      dedupe_by: \${header.X-Mac}
      error: [ "\${env.HOOK_SECRET}", "\${env.HOOK_SECRET as base64}", "\${header}", "\${query}" ]
      workflow: false
      verify: { scheme: hmac, secret: "\${env.HOOK_SECRET}", signature: "\${header.X-Mac}", unsigned_ids: true }
    - path: /token
      identify_by: \${body.id}
      result: { proof: "\${query.t}", all: "\${query}", first: "\${header.X-Mac}" }
      workflow: false
      verify: { scheme: token, secret: WRITTEN, signature: "\${query.t}" }
    - { path: /query, identify_by: "\${query.t * 2}" }
    - { path: /header, identify_by: "\${header.Authorization as integer}" }
    - { path: /mixed, identify_by: "\${body.id}", result: "\${env.OTHER_SECRET} and \${header.Cookie}" }
    - path: /id-in-query
      identify_by: \${query.t}
      status: \${query.t}
      success_when: [ok]
      fail_when: [bad]
      verify: { scheme: token, secret: WRITTEN, signature: "\${query.t}" }
    - { path: /id-in-header, identify_by: "\${header.X-Proof}", verify: { scheme: token, secret: WRITTEN, signature: "\${header.X-Proof}" } }
    - path: /id-in-path/:proof
      identify_by: \${params.proof}
      result: [ "\${params}", "\${path}" ]
      verify: { scheme: token, secret: WRITTEN, signature: "\${params.proof}" }
    - { path: /id-by-name, identify_by: "\${header.X-Api-Key}", status: "\${header.Authorization}", success_when: [ok] }
    - { path: /list, bulk: true, item: "\${body.list}", identify_by: "\${query.t}", status: "\${item}", success_when: [ok] }
deliveries: { path: FOLDER }
controller: { auth: { type: bearer, token: "\${env.CONTROLLER_TOKEN}" } }
`

async function open() {
  // Written into the config itself, which no variable names.
  const written = canaries.plant('written').replace(/ .*$/, '')
  const env = {
    HOOK_SECRET: canaries.plant('hook'),
    OTHER_SECRET: canaries.plant('other'),
    CONTROLLER_TOKEN: canaries.plant('controller').replaceAll(/[^\w.-]/g, ''),
  }
  const yaml = YAML.replaceAll('WRITTEN', written).replace('FOLDER', join(folder, 'deliveries'))
  const host = await hosts.open(parseConfig(yaml, { env }), { logger: canaries.logger }, (app, hooks) =>
    app.use('/api', hooks.controller).use(hooks),
  )
  const authorization = `Bearer ${env.CONTROLLER_TOKEN}`
  const stream = new AbortController()
  const events = await fetch(`${host.origin}/api/events`, { headers: { authorization }, signal: stream.signal })
  const following = readAll(events)

  async function ask(path: string, method = 'GET'): Promise<string> {
    const headers = { authorization, 'content-type': 'application/json' }
    const answer = await fetch(`${host.origin}/api${path}`, { method, headers })
    const text = await answer.text()
    canaries.see(`answer ${path.split(/[/?]/)[1]}`, text)
    return text
  }

  return {
    ...host,
    env,
    written,
    ask,
    async list(): Promise<readonly { readonly id: string; readonly verdict: string; readonly code: string | null }[]> {
      return JSON.parse(await ask('/deliveries')).deliveries
    },
    /** Sees everything that can be read of the deliveries, and closes. */
    async seeAll(): Promise<void> {
      for (const { id } of JSON.parse(await ask('/deliveries')).deliveries) {
        await ask(`/deliveries/${id}`)
        await ask(`/deliveries/${id}/replay`, 'POST')
      }
      for (const path of ['/waits', '/tasks', '/openapi.json', '/health']) await ask(path)
      await host.hooks.close()
      stream.abort()
      canaries.see('events', await following)
      for (const file of readdirSync(join(folder, 'deliveries'))) {
        const lines = readFileSync(join(folder, 'deliveries', file), 'utf8')
          .split('\n')
          .filter(Boolean)
        // The bytes of a body stand there as they came.
        for (const line of lines) canaries.see('file', JSON.stringify({ ...JSON.parse(line), body: null }))
      }
    },
  }
}

async function readAll(answer: Response): Promise<string> {
  let text = ''
  try {
    for await (const piece of answer.body ?? []) text += Buffer.from(piece).toString()
  } catch {
    // The stream was left.
  }
  return text
}

const SECRETS = [
  'Authorization',
  'Proxy-Authorization',
  'Cookie',
  'X-Hub-Signature-256',
  'X-Session-Id',
  'X-Functions-Key',
  'X-Api-Key',
  'Stripe-Signature',
  'X-Mac',
]
const PARAMETERS = [
  't',
  'token',
  'api_key',
  'access_token',
  'sig',
  'code',
  'auth[token]',
  'p%61ssword',
  'X-Amz-Signature',
]

describe('deliveries show no proof of a sender', () => {
  test.each([
    ['/done', 200],
    ['/signed', 401],
    ['/token', 401],
    ['/query', 400],
    ['/header', 400],
    ['/mixed', 200],
  ])('sent to %s', async (path, status) => {
    const { origin, seeAll, env, written } = await open()
    const query = PARAMETERS.map((name) => `${name}=${encodeURIComponent(canaries.plant(`q-${name}`))}`).join('&')
    const secrets = SECRETS.map((name) => [name, canaries.plant(name)] as const)
    const url = `https://x.example/${path}?${query}`
    const headers = {
      'content-type': 'application/json',
      ...Object.fromEntries(secrets),
      Referer: url,
      'X-Original-Url': url,
      'X-Plain': `it holds ${env.OTHER_SECRET} and ${encodeURIComponent(env.HOOK_SECRET)}`,
    }
    for (const body of ['{"id":"a"}', JSON.stringify({ id: 'b', said: env.OTHER_SECRET }), '{"id": "c']) {
      const plain = `plain=${encodeURIComponent(env.OTHER_SECRET)}`
      const answer = await fetch(`${origin}${path}?${query}&${plain}`, { method: 'POST', headers, body })
      expect([200, 400, status]).toContain(answer.status)
    }
    await seeAll()
    expect(canaries.seen('answer deliveries').length).toBeGreaterThan(6)
    expect(canaries.seen('answer deliveries').join()).toContain('[redacted]')
    expect(canaries.seen('events').join()).toContain('event: delivery')
    expect(canaries.seen('file').length).toBeGreaterThanOrEqual(3)
    expect(canaries.seen('file').join()).toContain('[redacted]')
    expect(written).not.toBe('')
  })

  test('that is right, signed or with a token in the query', async () => {
    const { origin, seeAll, list, env, written, ask } = await open()
    const body = JSON.stringify({ id: 'a', said: 'Hello' })
    const mac = createHmac('sha256', env.HOOK_SECRET).update(body).digest('hex')
    const headers = { 'content-type': 'application/json', 'X-Mac': mac }
    await fetch(`${origin}/signed`, { method: 'POST', headers, body })
    await fetch(`${origin}/token?t=${encodeURIComponent(written)}`, { method: 'POST', headers, body })
    expect((await list()).map(({ verdict, code }) => [verdict, code])).toEqual([
      ['parked', null],
      ['parked', null],
    ])
    for (const { id } of await list()) {
      const { reads } = JSON.parse(await ask(`/deliveries/${id}`))
      expect(JSON.stringify(reads)).toContain('[redacted]')
    }
    await seeAll()
    for (const where of ['answer deliveries', 'events', 'file']) {
      expect(canaries.seen(where).length).toBeGreaterThan(0)
      expect(canaries.seen(where).join()).not.toContain(mac)
    }
  })

  test.each([
    ['/id-in-query', 'parked or pending by the token in its query'],
    ['/id-in-header', 'its id is the token in a header'],
    ['/id-in-path', 'its id is the token in its path'],
    ['/id-by-name', 'its id is the value of a header that is secret by its name'],
    ['/list', 'each item has the id from the query'],
  ])('which a template has read: %s (%s)', async (path) => {
    const { origin, seeAll, list, written, ask } = await open()
    for (const token of [written, canaries.plant('wrong'), canaries.plant('s').slice(0, 9)]) {
      const t = encodeURIComponent(token)
      const headers = {
        'content-type': 'application/json',
        'X-Proof': token,
        'X-Api-Key': token,
        Authorization: `Bearer ${token}`,
      }
      const url = path === '/id-in-path' ? `${origin}${path}/${t}` : `${origin}${path}?t=${t}`
      await fetch(url, { method: 'POST', headers, body: '{"list":["ok","so-so"]}' })
    }
    const listed = await list()
    expect(listed).toHaveLength(3)
    expect(['parked', 'pending', 'items']).toContain(listed.at(-1)?.verdict)
    for (const { id } of listed) {
      const { ids, reads } = JSON.parse(await ask(`/deliveries/${id}`))
      expect(JSON.stringify([ids, reads])).toContain('[redacted]')
    }
    await seeAll()
    expect(canaries.seen('file').join()).toContain('[redacted]')
  })

  test('and no search finds one, letter by letter', async () => {
    const { origin, env, ask, seeAll } = await open()
    const headers = {
      'content-type': 'application/json',
      authorization: 'Bearer abcdefghij',
      'x-mac': 'klmnopqrst',
      'x-plain': env.OTHER_SECRET,
    }
    const body = JSON.stringify({ id: 'a', said: `see ${env.HOOK_SECRET}` })
    await fetch(`${origin}/done?token=uvwxyz0123&n=1`, { method: 'POST', headers, body })
    const find = async (text: string): Promise<number> =>
      JSON.parse(await ask(`/deliveries?text=${encodeURIComponent(text)}`)).deliveries.length
    for (const text of ['abc', 'Bearer a', 'klm', 'uvw', 'canary.hook', 'canary.other'])
      expect([text, await find(text)]).toEqual([text, 0])
    for (const text of ['n=1', 'X-PLAIN', 'SEE ', '"said"']) expect([text, await find(text)]).toEqual([text, 1])
    await seeAll()
  })

  test('in a body of bytes either', async () => {
    const { origin, env, seeAll, list, ask } = await open()
    const body = Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from(`x${env.OTHER_SECRET}y`)])
    const headers = { 'content-type': 'application/octet-stream' }
    await fetch(`${origin}/done`, { method: 'POST', headers, body: new Uint8Array(body) })
    const [one] = await list()
    const shown = JSON.parse(await ask(`/deliveries/${one?.id}`))
    expect(shown.body_encoding).toBe('base64')
    expect(Buffer.from(shown.body, 'base64').toString('latin1')).toBe('\u00ff\u00fex[redacted]y')
    await seeAll()
  })

  test('while files keep the bytes of a body as they came', async () => {
    const { post, seeAll } = await open()
    const body = '{ "id":"a",  "n": 12345678901234567890 }'
    await post('/done').set('content-type', 'application/json').send(body)
    await seeAll()
    const [file = ''] = readdirSync(join(folder, 'deliveries'))
    const [line = ''] = readFileSync(join(folder, 'deliveries', file), 'utf8').split('\n')
    expect(Buffer.from(JSON.parse(line).body, 'base64').toString()).toBe(body)
  })

  test('and tickets are cut short', async () => {
    const { hooks, post, seeAll, ask } = await open()
    const { id, url, result } = hooks.ticket({ path: '/done' })
    const { search } = new URL(url)
    await post(`/done${search}`).set('content-type', 'application/json').send('{"state":"ok"}')
    await result
    for (const one of JSON.parse(await ask('/deliveries')).deliveries) await ask(`/deliveries/${one.id}`)
    const shown = canaries.seen('answer deliveries').join()
    expect(shown).toContain(`${id.slice(0, 8)}…`)
    expect(shown).not.toContain(id)
    await seeAll()
    expect(canaries.seen('events').join()).not.toContain(id)
  })
})
