import { describe, expect, test } from '@jest/globals'
import { type ServiceRequest, useServices } from '../helpers/fake-service'
import { useCli } from '../cli/use-cli'
import { useCanaries } from './canaries'

const canaries = useCanaries()
const services = useServices()
const cli = useCli()

const YAML = `
listener:
  host: 127.0.0.1
  port: 0
  callbacks:
    - { path: /done, identify_by: "\${body.id}", status: "\${body.state}", success_when: [ok], workflow: false }
    - path: /signed
      identify_by: \${body.id}
      workflow: false
      verify: { scheme: token, secret: "\${env.HOOK_SECRET}", signature: "\${query.t}" }
component:
  base_url: \${env.ORIGIN}
  path: /\${input.way}
  headers: { Authorization: "Bearer \${env.API_TOKEN}" }
  body: { password: "\${env.FIELD}", to: "\${callback.url}" }
  completion: { type: callback, path: /done }
workflow: { jobs: [{ id: a }] }
controller: { port: 0, auth: { type: bearer, token: "\${env.CONTROLLER_TOKEN}" } }
`

function respond({ path, headers, raw }: ServiceRequest) {
  return path === '/bad' ? { status: 500, body: { headers, raw: raw.toString() } } : { status: 202, body: {} }
}

async function start(argv: readonly string[]) {
  const service = await services.open(respond)
  const names = ['API_TOKEN', 'FIELD', 'HOOK_SECRET', 'CONTROLLER_TOKEN'] as const
  const secrets = Object.fromEntries(names.map((name) => [name, canaries.plant(name)]))
  const env = { ORIGIN: service.origin, ...secrets }
  return { service, secrets, command: cli.start(argv, { files: { 'callbacks.yml': YAML }, env }) }
}

const FORMATS = [
  ['pretty', []],
  ['pretty, with all that there is', ['--log-level', 'debug']],
  ['json', ['--log-level', 'debug', '--log-format', 'json']],
] as const

describe.each(FORMATS)('as %s', (_name, options) => {
  test('run prints no secret of a request that failed', async () => {
    const { command } = await start(['run', ...options, '--set', 'way=bad'])
    expect(await command.code).toBe(1)
    expect(command.stderr.text).toContain('[redacted]')
    canaries.see('stdout', command.stdout.text)
    canaries.see('stderr', command.stderr.text)
  })

  test('up shows every callback without its secrets, and no ticket that is open', async () => {
    const { command, secrets } = await start(['up', ...options])
    const { stdout, stderr } = command
    const [, origin = ''] = await stdout.shows(/POST (http:\/\/[\d.]+:\d+)\/done/)
    const [, controller = ''] = await stdout.shows(/\[Controller\] (http:\/\/[\d.]+:\d+)/)
    await stdout.shows(/Ready/)
    const query = `t=${encodeURIComponent(secrets['HOOK_SECRET'] ?? '')}`
    const headers = { 'content-type': 'application/json', authorization: canaries.plant('incoming') }
    for (const path of ['/done', '/signed', `/signed?${query}`])
      await fetch(origin + path, { method: 'POST', headers, body: '{"id":"a","state":"ok"}' })
    await stdout.shows(/\/signed rejected/)
    await stdout.shows(/\/signed parked/)
    const authorization = `Bearer ${secrets['CONTROLLER_TOKEN']}`
    for (const [token, way] of [
      [authorization, 'bad'],
      [headers.authorization, 'bad'],
      [authorization, 'good'],
    ] as const) {
      const body = JSON.stringify({ input: { way }, wait_for_completion: way === 'bad' })
      const given = { ...headers, authorization: token }
      const answer = await fetch(`${controller}/workflows/runs`, { method: 'POST', headers: given, body })
      canaries.see('answer', await answer.text())
    }
    await stdout.shows(/waiting/)
    await stdout.shows(/tkt-[\w-]{4}…/)
    command.interrupt()
    command.interrupt()
    await command.code
    expect(stdout.text).not.toMatch(/tkt-[\w-]{5}/)
    canaries.see('stdout', stdout.text)
    canaries.see('stderr', stderr.text)
  })
})
