import { createHmac } from 'node:crypto'
import { describe, expect, test } from '@jest/globals'
import { parseConfig } from '../../lib'
import { type Respond, useServices } from '../helpers/fake-service'
import { useHosts } from '../helpers/use-hosts'
import { useCanaries } from './canaries'

const canaries = useCanaries()
const services = useServices()
const hosts = useHosts()

/** What a service answers that repeats all it got, in every way in which an answer can be bad. */
const ANSWERS: Readonly<Record<string, (echo: string) => ReturnType<Respond>>> = {
  '/refused-json': (echo) => ({ status: 500, body: { echo, [echo]: [echo] } }),
  '/refused-text': (echo) => ({ status: 403, body: echo }),
  '/refused-cut': (echo) => ({ status: 400, body: `${'x'.repeat(150)}${echo}${'x'.repeat(70_000)}` }),
  '/malformed': (echo) => ({ headers: { 'content-type': 'application/json' }, body: `{"a": ${echo}` }),
  '/redirect': (echo) => ({ status: 302, headers: { location: `http://[${encodeURIComponent(echo)}` } }),
  '/elsewhere': (echo) => ({ status: 302, headers: { location: `ftp://x/${encodeURIComponent(echo)}` } }),
}

const respond: Respond = ({ path, url, headers, raw, response }) => {
  const { authorization = '' } = headers
  const credentials = Buffer.from(authorization.replace(/^\S+ /, ''), 'base64').toString()
  const echo = [
    url,
    new URLSearchParams(url.replace(/.*\?/, '')).toString(),
    [...new URLSearchParams(url.replace(/.*\?/, '')).values()],
    JSON.stringify(headers),
    raw.toString(),
    credentials,
  ].join(' ')
  if (path === '/broken') return void response.destroy()
  return ANSWERS[path]?.(echo) ?? { status: 202, body: { ok: true } }
}

const YAML = `
listener:
  callbacks:
    - { path: /done, identify_by: "\${body.id}", status: "\${body.state}", success_when: [ok], fail_when: [bad] }
    - path: /signed
      identify_by: \${body.id}
      workflow: false
      verify: { scheme: hmac, secret: "\${env.HOOK_SECRET}", signature: "\${header.X-Mac}" }
    - path: /token
      identify_by: \${body.id}
      workflow: false
      verify: { scheme: token, secret: "\${env.QUERY_SECRET}", signature: "\${query.t}" }
    - { path: /query, identify_by: "\${query.t * 2}" }
    - { path: /header, identify_by: "\${header.X-Mac as integer}" }
    - { path: /field, identify_by: "\${body.api_key * 2}" }
    - { path: /answer, identify_by: "\${body.id}", response: { body: "\${query.t * 2}" } }
components:
  api:
    base_url: \${env.ORIGIN}
    path: /\${input.way}
    headers:
      Authorization: Bearer \${env.API_TOKEN}
      X-Functions-Key: \${env.API_KEY}
      Cookie: a=1; session=\${env.COOKIE}
    params: { plain: "\${env.PARAM}" }
    body: { login: { password: "\${env.FIELD}" }, other: "\${env.OTHER_SECRET_2}", encoded: "\${env.OTHER_SECRET_2 as base64}", to: "\${callback.url}" }
    completion: { type: callback, path: /done, timeout: 1s }
  user:
    base_url: \${env.WITH_USER}
    path: /\${input.way}
  sum: { base_url: "\${env.ORIGIN}", path: "\${env.API_TOKEN * input.n}" }
  place: { endpoint: "\${input.scheme}://user:\${env.FIELD}@host/?k=\${env.PARAM}" }
  control: { base_url: "\${env.ORIGIN}", headers: { X-Token: "\${env.API_TOKEN}\\nx" } }
  json: { base_url: "\${env.ORIGIN}", headers: "\${env.API_TOKEN}" }
workflows:
  api: { default: true, jobs: [{ id: a, component: api}] }
  user: { jobs: [{ id: a, component: user }] }
  sum: { jobs: [{ id: a, component: sum }] }
  place: { jobs: [{ id: a, component: place }] }
  control: { jobs: [{ id: a, component: control }] }
  json: { jobs: [{ id: a, component: json }] }
  noted: { jobs: [{ id: a, component: api, on_error: [{ component: logger, input: { message: "\${error.message}", data: "\${error.body}" } }] }] }
controller: { auth: { type: bearer, token: "\${env.CONTROLLER_TOKEN}" } }
`

async function open() {
  const service = await services.open(respond)
  const user = encodeURIComponent(canaries.plant('userinfo'))
  const env = {
    ORIGIN: service.origin,
    WITH_USER: service.origin.replace('//', `//user:${user}@`),
    HOOK_SECRET: canaries.plant('hook'),
    QUERY_SECRET: canaries.plant('query'),
    API_TOKEN: canaries.plant('token'),
    API_KEY: canaries.plant('key'),
    COOKIE: canaries.plant('cookie'),
    PARAM: canaries.plant('param'),
    FIELD: canaries.plant('field'),
    OTHER_SECRET_2: canaries.plant('other'),
    CONTROLLER_TOKEN: canaries.plant('controller'),
  }
  const host = await hosts.open(parseConfig(YAML, { env }), { logger: canaries.logger }, (app, hooks) =>
    app.use('/api', hooks.controller).use(hooks),
  )
  canaries.watch(host.hooks)
  return { ...host, env, service }
}

describe('what is sent', () => {
  test.each([...Object.keys(ANSWERS), '/broken'])('to a service that answers with %s', async (path) => {
    const { hooks } = await open()
    for (const workflow of ['api', 'user', 'noted']) {
      const outcome = await hooks.run({ way: path.slice(1) }, { workflow }).catch((error: unknown) => error)
      canaries.see('error', outcome)
      expect([workflow, outcome instanceof Error]).toEqual([workflow, workflow !== 'noted'])
    }
    expect(canaries.seen('error')).toHaveLength(3)
    expect(canaries.seen('event job').length).toBeGreaterThan(3)
  })

  test.each(['sum', 'place', 'control', 'json'])('by a request that cannot be made: %s', async (workflow) => {
    const { hooks } = await open()
    const error = await hooks.run({ n: 2, scheme: 'ftp' }, { workflow }).catch((reason: unknown) => reason)
    expect(error).toHaveProperty('code', expect.stringMatching(/^ERR_/))
    canaries.see('error', error)
  })

  test('when the callback fails, and when it is late', async () => {
    const { hooks, service, post, clock } = await open()
    const failing = hooks.run({ way: 'good' }).catch((error: unknown) => error)
    for (const count of [1]) {
      const { body } = await service.received(count)
      await post(new URL(Object(body).to).pathname + new URL(Object(body).to).search).send({ id: 'x', state: 'bad' })
    }
    canaries.see('error', await failing)
    const late = hooks.run({ way: 'good' }, { timeout: '1s' }).catch((error: unknown) => error)
    await service.received(2)
    clock.advance(1000)
    canaries.see('error', await late)
    expect(canaries.seen('error')).toEqual([expect.stringContaining('ERR_'), expect.stringContaining('ERR_')])
  })
})

describe('what comes in', () => {
  const SECRETS = [
    'Authorization',
    'Cookie',
    'X-Hub-Signature-256',
    'X-Session-Id',
    'X-Functions-Key',
    'Proxy-Authorization',
  ]

  test.each([
    ['/signed', 401],
    ['/token', 401],
    ['/query', 400],
    ['/header', 400],
    ['/answer', 200],
    ['/done', 200],
  ])('to %s, well formed or not', async (path, status) => {
    const { origin } = await open()
    const query = `t=${encodeURIComponent(canaries.plant('t'))}`
    const secrets = SECRETS.map((name) => [name, canaries.plant(name)] as const)
    const url = `https://x.example/${path}?${query}`
    const urls = { Referer: url, 'X-Original-Url': url, 'X-Forwarded-Uri': url, 'X-Mac': canaries.plant('mac') }
    const headers = { 'content-type': 'application/json', ...Object.fromEntries(secrets), ...urls }
    for (const [body, expected] of [
      ['{"id":"a"}', status],
      [`{"id": ${canaries.plant('body')}`, status === 401 ? 401 : 400],
    ] as const) {
      const answer = await fetch(`${origin}${path}?${query}`, { method: 'POST', headers, body })
      expect(answer.status).toBe(expected)
      canaries.see('answer', await answer.text())
      canaries.see('answer', [...answer.headers])
    }
    expect(canaries.seen('event rejected').length).toBeGreaterThan(0)
    expect(canaries.seen('event rejected').join()).toContain("referer: 'https://x.example/")
  })

  test('in a field that is named like a secret, and stands in the events alone', async () => {
    const { post } = await open()
    expect((await post('/field').send({ id: 'a', api_key: 'not-shown-here' })).status).toBe(400)
    expect(canaries.seen('event received').join()).toContain('not-shown-here')
    expect(canaries.seen('log warn').join()).toContain('${body.api_key} is a value that is not shown')
    expect(canaries.seen('log warn').join()).not.toContain('not-shown-here')
  })

  test('and is good: events and logs hold neither signature nor token', async () => {
    const { origin, env, hooks } = await open()
    const body = '{"id":"a"}'
    const mac = createHmac('sha256', env.HOOK_SECRET).update(body).digest('hex')
    const headers = { 'content-type': 'application/json', 'X-Mac': mac }
    const signed = await fetch(`${origin}/signed`, { method: 'POST', headers, body })
    const query = `t=${encodeURIComponent(env.QUERY_SECRET)}`
    const token = await fetch(`${origin}/token?${query}`, { method: 'POST', headers, body })
    expect([signed.status, token.status, hooks.stats().parked]).toEqual([200, 200, 2])
    const events = canaries.seen('event parked')
    expect(events).toHaveLength(2)
    expect(events.join()).not.toContain(mac)
  })

  test('whoever awaits a callback gets its headers as they came', async () => {
    const { hooks, post } = await open()
    const full = hooks.wait('a', { path: '/done', full: true })
    await post('/done').set('authorization', 'Bearer given-on').send({ id: 'a', state: 'ok' })
    expect((await full).headers).toMatchObject({ authorization: 'Bearer given-on' })
    expect(canaries.seen('event settled').join()).toContain("authorization: '[redacted]'")
  })
})

describe('the controller', () => {
  test('repeats no token, none that is wrong either, in no answer', async () => {
    const { origin, env } = await open()
    const wrong = canaries.plant('wrong')
    const given = { 'content-type': 'application/json', cookie: canaries.plant('cookies') }
    const calls = [
      'GET /workflows',
      'GET /tasks',
      'GET /tasks/x',
      'GET /waits',
      'GET /gateways',
      'GET /health',
      'GET /metrics',
      'GET /deliveries',
      'GET /deliveries/x',
      'GET /openapi.json',
      'GET /',
    ]
    for (const authorization of [`Bearer ${wrong}`, `Basic ${wrong}`, `Bearer ${env.CONTROLLER_TOKEN}`]) {
      const headers = { ...given, authorization }
      for (const line of calls) {
        const answer = await fetch(`${origin}/api${line.slice(4)}`, { headers })
        canaries.see('answer', await answer.text())
      }
      for (const body of [
        { input: { way: 'refused-json' } },
        { input: { way: 'refused-text' }, workflow_id: 'user' },
      ]) {
        const init = { method: 'POST', headers, body: JSON.stringify(body) }
        const answer = await fetch(`${origin}/api/workflows/runs`, init)
        expect(answer.status).toBe(authorization.endsWith(wrong) ? 401 : 500)
        canaries.see('answer', await answer.text())
        const tasks = await fetch(`${origin}/api/tasks`, { headers })
        canaries.see('answer', await tasks.text())
      }
      const malformed = { method: 'POST', headers, body: `{"a": ${wrong}` }
      canaries.see('answer', await (await fetch(`${origin}/api/workflows/runs`, malformed)).text())
    }
  })
})

test('a ticket that is open stands in no log line and no answer as a whole', async () => {
  const { origin, env, hooks, service } = await open()
  const { id, result } = hooks.ticket({ path: '/done' })
  const running = hooks.run({ way: 'good' })
  const { body } = await service.received()
  const inUrl = new URL(Object(body).to).searchParams.get('callback_id') ?? ''
  const headers = { authorization: `Bearer ${env.CONTROLLER_TOKEN}` }
  const answers = await Promise.all(['waits', 'tasks'].map((path) => fetch(`${origin}/api/${path}`, { headers })))
  const read = (await Promise.all(answers.map((answer) => answer.text()))).join()
  for (const ticket of [id, inUrl]) {
    expect(ticket).toMatch(/^tkt-[\w-]{28}$/)
    expect(read).toContain(`${ticket.slice(0, 8)}…`)
    expect(read).not.toContain(ticket.slice(0, 9))
  }
  await hooks.close()
  const messages = await Promise.all([running, result].map((one) => one.catch((error: unknown) => String(error))))
  expect(messages.join()).toContain(`while "${id.slice(0, 8)}…" was waited for`)
  for (const ticket of [id, inUrl]) expect(messages.join()).not.toContain(ticket)
  canaries.see('error', messages)
})
