import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import { findPackage, readSchema } from '../../lib/cli/main'
import { useCli, useFolders } from './use-cli'

const createFolder = useFolders()
const cli = useCli()

const FULL = `
listeners:
  - port: 8090
    callbacks:
      - { path: /a, identify_by: "\${body.id}", verify: { scheme: github, secret: one-secret } }
      - { path: /b, identify_by: "\${body.id}", verify: { scheme: github, secret: two-secret } }
gateway: { type: http-tunnel, driver: static, port: 8090, public_url: "https://a.example" }
components:
  api: { type: http-client, base_url: "https://api.example", path: /x }
workflows:
  - { id: one, jobs: [{ id: a, component: api }] }
  - { id: two, jobs: [{ id: a, component: api }] }
controller: {}
`

describe('validate', () => {
  test.each([
    ['everything', FULL, '2 endpoints, 2 workflows, 1 component, 1 gateway, 1 controller'],
    ['one endpoint', 'listener: { path: /done }', '1 endpoint'],
    ['nothing', '', 'empty'],
  ])('counts %s', async (_name, config, counts) => {
    const { code, stdout, stderr } = await cli.run(['validate'], { files: { 'callbacks.yml': config } })
    expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: `callbacks.yml: OK (${counts})\n`, stderr: '' })
  })

  test('says every problem with its place, each in one line, and nothing on stdout', async () => {
    const config = 'listener:\n  paht: /done\n  port: many\n'
    const { code, stdout, stderr } = await cli.run(['validate'], { files: { 'callbacks.yml': config } })
    const [first = '', second = '', third = '', ...rest] = stderr.split('\n')
    expect(first).toMatch(/callbacks\.yml:2:3 listener\.paht: Unknown key "paht"\. Did you mean "path"\?/)
    expect([second, third].join('\n')).toMatch(/callbacks\.yml:3:9 listener\.port: /)
    expect(rest.length).toBeLessThan(2)
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
  })

  test('says that a store cannot be where the config says', async () => {
    const config = 'store: { type: redis, url: "http://:secret@localhost" }\n'
    const { code, stdout, stderr } = await cli.run(['validate'], { files: { 'callbacks.yml': config } })
    expect(stderr).toMatch(/store\.url: expected the address of a server that begins with redis:\/\/ or rediss:\/\//)
    expect(stderr).not.toContain('secret')
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
  })

  test('warns on stderr with the place, and passes', async () => {
    const config = 'listener:\n  path: /done\n  identify_by: body.id\n'
    const { code, stdout, stderr } = await cli.run(['validate'], { files: { 'callbacks.yml': config } })
    expect(stderr).toMatch(
      /^warning: \S*callbacks\.yml:3:16 listener\.identify_by: .*did you mean "\$\{body\.id\}"\?\n$/,
    )
    expect({ code, stdout }).toEqual({ code: 0, stdout: 'callbacks.yml: OK (1 endpoint)\n' })
  })

  test.each([
    [
      'a callback URL that leads to no callback',
      `listener: { path: /done }
component: { base_url: "http://127.0.0.1:9000", path: /x, body: { url: "http://localhost:8090/dnoe" } }
workflow: { jobs: [{ id: a }] }`,
      /^warning: \S*callbacks\.yml:2:\d+ component\.body\.url: .*\/dnoe leads here, but no callback has that path/,
    ],
    [
      'SNS without a topic',
      'listener: { path: /sns, verify: sns }',
      /^warning: \S*callbacks\.yml:1:\d+ listener\.verify: POST \/sns believes messages of every topic/,
    ],
    [
      'a public endpoint that takes callbacks from anyone',
      'listener: { path: /done, public_url: "https://a.example" }',
      /^warning: \S*callbacks\.yml:1:\d+ listener: anybody who knows the public URL/,
    ],
    [
      'braces of another template language',
      'listener: { path: /done, identify_by: "{{ body.id }}" }',
      /listener\.identify_by: .* did you mean "\$\{body\.id\}"\?/,
    ],
    [
      'an id that is a number',
      'listener: { path: /done, identify_by: 42 }',
      /listener\.identify_by: "42" is the same for every callback; write where it stands, such as "\$\{body\.id\}"/,
    ],
    [
      'such braces in a result',
      'listener: { path: /done, result: { url: "see {{body.urls[0]}}" } }',
      /listener\.result: "\{\{body\.urls\[0\]\}\}" is plain text here; a template is written "\$\{body\.urls\[0\]\}"/,
    ],
    [
      'a parameter in braces',
      'listener: { path: "/jobs/{id}/done" }',
      /listener\.path: "\{id\}" is the text "id" here, .* a parameter is written ":id"/,
    ],
    [
      'a driver that nobody has',
      'gateway: { driver: cloudflair, port: 8090 }',
      /^warning: \S*callbacks\.yml:1:\d+ gateway\.driver: There is no driver "cloudflair": did you mean "cloudflare"/,
    ],
  ])('warns, as an app does at its start, of %s', async (_name, config, message) => {
    const { code, stderr } = await cli.run(['validate'], { files: { 'callbacks.yml': config } })
    expect(stderr).toMatch(message)
    expect(stderr).toMatch(/^[^\n]*\n$/)
    expect(code).toBe(0)
  })

  test.each([
    [
      'a missing variable',
      'listener: { path: "${env.NOT_SET_HERE}" }',
      /callbacks\.yml:1:\d+ listener\.path: .*NOT_SET_HERE/,
    ],
    ['broken YAML', 'listener: [', /callbacks\.yml:1:\d+: invalid YAML/],
    [
      'a component that is missing',
      'component: { id: a, path: /x }\nworkflow: { jobs: [{ id: b, component: c }] }',
      /callbacks\.yml:2:\d+ workflow\.jobs\[0\]\.component: /,
    ],
  ])('says in one line %s', async (_name, config, message) => {
    const { code, stdout, stderr } = await cli.run(['validate'], { files: { 'callbacks.yml': config } })
    expect(stderr).toMatch(message)
    expect(stderr).toMatch(/^[^\n]*\n$/)
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
  })
})

describe('the config file', () => {
  const A = 'listener: { path: /a }'

  test.each([
    ['callbacks.yml before callbacks.yaml', [], { 'callbacks.yml': A, 'callbacks.yaml': 'x: 1' }, 'callbacks.yml'],
    ['callbacks.yaml else', [], { 'callbacks.yaml': A }, 'callbacks.yaml'],
    ['what is named', ['-f', 'my.yml'], { 'my.yml': A, 'callbacks.yml': 'x: 1' }, 'my.yml'],
    ['several, merged', ['-f', 'a.yml', '--file', 'b.yml'], { 'a.yml': 'x: 1', 'b.yml': A }, undefined],
    ['several', ['-f', 'a.yml', '-f', 'b.yml'], { 'a.yml': A, 'b.yml': 'listener: { port: 1 }' }, 'a.yml, b.yml'],
  ])('is %s', async (_name, argv, files, name) => {
    const { code, stdout } = await cli.run(['validate', ...argv], { files })
    expect({ code, stdout }).toEqual(
      name === undefined ? { code: 1, stdout: '' } : { code: 0, stdout: `${name}: OK (1 endpoint)\n` },
    )
  })

  test.each(['up', 'run', 'validate'])('is asked for by "%s" when there is none', async (command) => {
    const { code, stdout, stderr } = await cli.run([command])
    expect(stderr).toMatch(/^error: There is no callbacks\.yml or callbacks\.yaml in \/.*--file\n$/)
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
  })

  test.each(['up', 'run'])('is named by "%s" when it is not there', async (command) => {
    const { code, stdout, stderr } = await cli.run([command, '-f', 'no.yml'])
    expect(stderr).toMatch(/^error: cannot read "[^"]*no\.yml": there is no such file;[^\n]*\n$/)
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
  })

  test.each(['up', 'run'])('says all that is wrong with it in "%s" too, one line each', async (command) => {
    const config = 'listener:\n  paht: /done\nworkflo: {}\n'
    const { code, stdout, stderr } = await cli.run([command], { files: { 'callbacks.yml': config } })
    expect(stderr).toMatch(
      /^error: \S*callbacks\.yml:2:3 listener\.paht: .*\n(?:error: .*\n)*error: \S*:3:1 workflo: .*\n$/,
    )
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
  })
})

describe('schema', () => {
  test('prints the one of the build', async () => {
    const { code, stdout } = await cli.run(['schema'])
    expect(stdout).toBe(readFileSync(join(findPackage(), 'dist', 'schema.json'), 'utf8'))
    expect(JSON.parse(stdout)).toMatchObject({ $id: 'urn:express-callbacks:schema' })
    expect(code).toBe(0)
  })

  test('says when it is missing', () => {
    const folder = createFolder()
    expect(() => readSchema(folder)).toThrow(
      expect.objectContaining({ code: 'ERR_CONFIG_FILE', message: expect.stringContaining(join(folder, 'dist')) }),
    )
  })
})
