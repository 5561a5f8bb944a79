import { describe, expect, test } from '@jest/globals'
import { compileConfig } from '../../lib/config/normalize'
import { compileYaml, linesOf } from './problems'

const ENV = {
  HOST: '10.0.0.1',
  PORT: '9000',
  BULK: 'true',
  TIMEOUT: '90s',
  DONE: 'finished',
  PATH_NAME: 'done',
  SECRET: 'whsec_${body.x}$${y}',
  TEXT: 'looks like ${body.id}',
  JSON: '{"a": "${body.id}", "b": [1]}',
  EMPTY: '',
}

describe('a variable of the environment', () => {
  test('may stand in every field and is converted to its type', () => {
    const config = compileYaml(
      `
listener:
  host: \${env.HOST}
  port: \${env.PORT}
  max_queue: \${env.QUEUE | 7}
  path: /\${env.PATH_NAME}/x
  bulk: \${env.BULK}
  timeout: \${env.TIMEOUT}
  status: \${body.status}
  success_when: ["\${env.DONE}", ok]
gateway:
  driver: static
  port: "\${env.PORT}"
  public_url: https://\${env.HOST}/
`,
      ENV,
    )
    const [listener] = config.listeners
    expect(listener).toMatchObject({ host: '10.0.0.1', port: 9000, maxQueue: 7 })
    expect(listener?.endpoints[0]).toMatchObject({
      path: '/done/x',
      bulk: true,
      timeoutMs: 90_000,
      successWhen: ['finished', 'ok'],
    })
    expect(config.gateways[0]).toMatchObject({ port: 9000, publicUrl: 'https://10.0.0.1' })
  })

  test('is never rendered a second time', () => {
    const config = compileYaml(
      `
listener:
  path: /x
  verify: { scheme: hmac, secret: "\${env.SECRET}" }
  result: { text: "\${env.TEXT}", json: "\${env.JSON as json}", both: "\${env.TEXT} \${body.id}" }
`,
      ENV,
    )
    const [endpoint] = config.listeners[0]?.endpoints ?? []
    expect(endpoint?.verify?.secrets).toEqual(['whsec_${body.x}$${y}'])
    expect(endpoint?.result?.render({ body: { id: 7 }, env: config.env })).toEqual({
      text: 'looks like ${body.id}',
      json: { a: '${body.id}', b: [1] },
      both: 'looks like ${body.id} 7',
    })
  })

  test('that is missing is reported, every one at its place, also where other sources are read', () => {
    expect(
      linesOf(`
listener:
  host: \${env.NO_HOST}
  path: /\${env.NO_A}/\${env.NO_B}
  result:
    a: \${body.x | \${env.NO_C}}
    b: \${body.x | \${env.NO_D | "d"}}
component:
  base_url: https://x
  headers: { Authorization: "Bearer \${env.NO_E} \${context.run_id}" }
`),
    ).toEqual([
      '3:9 listener.host ERR_CONFIG_ENV the environment has no variable "NO_HOST"; set it, or give a default: ${env.NO_HOST | "…"}',
      '4:9 listener.path ERR_CONFIG_ENV the environment has no variable "NO_A"; set it, or give a default: ${env.NO_A | "…"}',
      '4:9 listener.path ERR_CONFIG_ENV the environment has no variable "NO_B"; set it, or give a default: ${env.NO_B | "…"}',
      '6:8 listener.result.a ERR_CONFIG_ENV the environment has no variable "NO_C"; set it, or give a default: ${env.NO_C | "…"}',
      '10:29 component.headers.Authorization ERR_CONFIG_ENV the environment has no variable "NO_E"; set it, or give a default: ${env.NO_E | "…"}',
    ])
  })

  test('that is empty is there, but no secret', () => {
    expect(linesOf('listener: { path: /x, verify: { scheme: hmac, secret: "${env.EMPTY}" } }', ENV)).toEqual([
      '1:55 listener.verify.secret ERR_CONFIG_VALUE expected text that is not blank, found an empty text (from the environment variable "EMPTY")',
    ])
  })

  test('that cannot be converted is reported without its value', () => {
    const lines = linesOf('listener: { path: /x, result: "${env.SECRET as integer}" }', ENV)
    expect(lines).toHaveLength(1)
    expect(lines[0]).toMatch(/^1:31 listener\.result ERR_CONFIG_TEMPLATE /)
    expect(lines[0]).not.toContain('whsec')
  })

  test('is not looked for in a comment', () => {
    expect(linesOf('listener:\n  path: /x # ${env.NO}\n')).toEqual([])
  })

  test('is not inherited from a prototype', () => {
    expect(linesOf('listener: { path: "/${env.constructor}" }')[0]).toContain('no variable "constructor"')
  })
})

describe('a typed field', () => {
  test.each([
    ['listener: { host: "${body.x}" }', '1:19 listener.host'],
    ['listener: { port: "${input.x}" }', '1:19 listener.port'],
    ['listener: { path: "/${params.x}" }', '1:19 listener.path'],
    ['store: { type: "${env.A}${input.b}" }', '1:16 store.type'],
  ])('takes no other source: %s', (text, place) => {
    const [line] = linesOf(text, { A: 'file' })
    expect(line).toContain(`${place} ERR_CONFIG_VALUE only \${env.…} may stand here, found "`)
  })

  test('keeps its value secret when it is wrong', () => {
    expect(linesOf('listener: { path: /x, verify: { scheme: hmac, secret: "hush ${body.x}" } }')).toEqual([
      '1:55 listener.verify.secret ERR_CONFIG_VALUE only ${env.…} may stand here',
    ])
  })

  test('reads $${ as a literal ${', () => {
    const config = compileConfig({ listener: { path: '/x', status: '${body.s}', success_when: ['$${done}'] } })
    expect(config.listeners[0]?.endpoints[0]?.successWhen).toEqual(['${done}'])
  })
})

describe('raw text', () => {
  test('is no template, unless it reads the environment alone', () => {
    const config = compileYaml(
      `
gateway:
  driver: command
  port: 8080
  command: [sh, -c, "tunnel --port {port} \${HOME:-/root} $\${X}", "\${env.TOKEN}"]
  url_pattern: "https://[a-z$]{1,9}\\\\.\${env.DOMAIN}"
  ready_pattern: ^ok$
`,
      { TOKEN: 'a${b}', DOMAIN: 'example' },
    )
    expect(config.gateways[0]).toMatchObject({
      command: ['sh', '-c', 'tunnel --port {port} ${HOME:-/root} $${X}', 'a${b}'],
      urlPattern: new RegExp('https://[a-z$]{1,9}\\.example'),
      readyPattern: /^ok$/,
    })
  })
})

describe('a broken template', () => {
  test('is reported once, wherever it stands', () => {
    const lines = linesOf('listener:\n  path: /x\n  host: ${env.\n  result: { a: "${body.x" }\n')
    expect(lines).toHaveLength(2)
    expect(lines[0]).toMatch(/^3:9 listener\.host ERR_CONFIG_TEMPLATE /)
    expect(lines[1]).toMatch(/^4:16 listener\.result\.a ERR_CONFIG_TEMPLATE /)
  })

  test('is not quoted where a secret stands', () => {
    const [line] = linesOf('listener: { path: /x, verify: { scheme: hmac, secret: "hush${" } }')
    expect(line).toMatch(/^1:55 listener\.verify\.secret ERR_CONFIG_TEMPLATE /)
    expect(line).not.toContain('hush')
  })
})

describe('a message about a value names the variable that the value comes from', () => {
  const FROM = '(from the environment variable "EMPTY")'
  test.each([
    ['listener: { path: /x, verify: { scheme: token, secret: ["abcdefgh", "${env.EMPTY}"] } }', FROM],
    ['listener: { path: /x, port: "${env.EMPTY}" }', FROM],
    ['listener: { path: /x, method: "${env.EMPTY}" }', FROM],
    ['listener: { path: /x, timeout: "${env.WRONG}" }', '(from the environment variable "WRONG")'],
    ['listener: { path: /x, public_url: "${env.EMPTY}" }', FROM],
    ['controller: { auth: { type: bearer, token: "${env.EMPTY}" } }', FROM],
    ['store: { type: redis, url: "${env.EMPTY}" }', FROM],
    ['deliveries: { keep: "${env.WRONG}${env.EMPTY}" }', '(from the environment variables "WRONG" and "EMPTY")'],
    ['gateway: { driver: ngrok, port: 1, authtoken: "${env.EMPTY}" }', FROM],
    ['controller: { port: "${env.EMPTY as integer}" }', '${env.EMPTY as integer}'],
    ['component: { base_url: "${env.EMPTY}", path: /x }', '${env.EMPTY}'],
  ])('%s', (text, named) => {
    const [line, ...others] = linesOf(text, { EMPTY: '', WRONG: 'wrong' })
    expect(line).toContain(named)
    expect(others).toEqual([])
  })

  test('and none where the file itself holds it', () => {
    const [line] = linesOf('listener: { path: "/${env.A}", method: x }', { A: 'a' })
    expect(line).toContain('listener.method')
    expect(line).not.toContain('environment')
  })
})
