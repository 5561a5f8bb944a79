import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { ConfigError } from '../../lib/base/errors'
import { defineConfig } from '../../lib/config/define'
import { loadConfig, parseConfig } from '../../lib/config/read/load'
import { compileConfig, isSource } from '../../lib/config/normalize'
import { linesOf, problemsOf } from './problems'

let folder = ''

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'config-'))
})

afterEach(() => {
  rmSync(folder, { recursive: true, force: true })
})

function write(name: string, text: string): string {
  const file = join(folder, name)
  writeFileSync(file, text)
  return file
}

function readPath(run: () => Parameters<typeof compileConfig>[0]): string | undefined {
  return compileConfig(run()).listeners[0]?.endpoints[0]?.path
}

describe('a file', () => {
  test('is read with the places of everything in it', () => {
    const file = write('callbacks.yml', 'listener:\n  path: /x\n  port: 80a\n')
    const source = loadConfig(file)
    expect(isSource(source)).toBe(true)
    expect(() => compileConfig(source)).toThrow(
      `${file}:3:9 listener.port: expected a whole number from 0 to 65535, found "80a"`,
    )
  })

  test.each(['', '# nothing but a comment\n', '---\n', '{}', '\uFEFFstore: memory'])(
    'may be nearly empty: %p',
    (text) => {
      const config = compileConfig(loadConfig(write('a.yml', text)))
      expect(config).toMatchObject({ listeners: [], gateways: [], components: undefined, controller: undefined })
      expect(config.store.type).toBe('memory')
    },
  )

  test.each([
    ['UTF-16', Buffer.from('\uFEFFlistener:\n  path: /x\n', 'utf16le')],
    ['UTF-16, big-endian', Buffer.from('\uFEFFlistener:\n  path: /x\n', 'utf16le').swap16()],
    ['Latin-1', Buffer.from('listener:\n  path: /größe\n', 'latin1')],
  ])('in %s is refused, rather than read as other characters', (_name, bytes) => {
    const file = join(folder, 'a.yml')
    writeFileSync(file, bytes)
    expect(problemsOf(() => loadConfig(file))).toEqual([
      { code: 'ERR_CONFIG_FILE', at: '', message: expect.stringContaining('it is not in UTF-8; save it as UTF-8') },
    ])
  })

  test('that is missing is named, with what to do; and so is every other one', () => {
    const missing = join(folder, 'nowhere.yml')
    const broken = write('broken.yml', 'a: [')
    const problems = problemsOf(() => loadConfig([missing, folder, broken]))
    expect(problems.map(({ code }) => code)).toEqual(['ERR_CONFIG_FILE', 'ERR_CONFIG_FILE', 'ERR_CONFIG_YAML'])
    expect(problems[0]?.message).toBe(
      `cannot read "${missing}": there is no such file; create it or correct the path (looked for ${missing})`,
    )
    expect(problems[1]?.message).toContain('it is a folder; name the file in it')
    expect(problems[2]?.location).toEqual({ file: broken, line: 1, column: 5 })
  })

  test('must be named', () => {
    expect(problemsOf(() => loadConfig([]))).toMatchObject([
      { code: 'ERR_CONFIG_FILE', message: 'no config file is named; name at least one' },
    ])
  })
})

describe('YAML', () => {
  test.each([
    ['a: {b: [1, 2}', '1:13'],
    ['store:\n\ttype: memory', '2:1'],
    ['store: memory\nstore: file', '2:1'],
    ['store: *nothing', '1:8'],
    ['store: !secret x', '1:8'],
    ['store: memory\n---\nstore: file', '2:1'],
    ['- 1', '1:1'],
    ['just text', '1:1'],
    ['42', '1:1'],
  ])('that is broken is refused with its place: %p', (text, place) => {
    const problems = problemsOf(() => parseConfig(text))
    expect(problems.length).toBeGreaterThan(0)
    for (const problem of problems) expect(problem).toMatchObject({ code: 'ERR_CONFIG_YAML', at: '' })
    const places = problems.map(({ location }) => `${location?.line}:${location?.column}`)
    expect(places).toContain(place)
  })

  test.each([
    ['a: "x\nb: 1\n', 1],
    ['a: {b: [1, 2}\nc: {d: ]}\n', 2],
    ['a: }}]]\n', 1],
  ])('that is broken is reported once for each line: %p', (text, count) => {
    const lines = problemsOf(() => parseConfig(text)).map(({ location }) => location?.line)
    expect(new Set(lines).size).toBe(lines.length)
    expect(lines).toHaveLength(count)
  })

  test('says which keys are written twice', () => {
    expect(problemsOf(() => parseConfig('a: 1\na: 2\nb:\n  c: 1\n  c: 2\n'))).toMatchObject([
      { message: 'invalid YAML: Map keys must be unique', location: { file: '<yaml>', line: 2, column: 1 } },
      { message: 'invalid YAML: Map keys must be unique', location: { line: 5, column: 3 } },
    ])
  })

  test.each([
    ['a: { b: ${body.x} }', ['1:9']],
    ['a: [${env.A}, ok, ${env.B | "x, y"}]', ['1:5', '1:19']],
    ['a: {x: ${a.b}/c}\nb: 1\nc: {\n  d: ${e},\n}', ['1:8', '4:6']],
  ])('says that a template must be quoted in %p, and nothing else', (text, places) => {
    const problems = problemsOf(() => parseConfig(text))
    expect(problems.map(({ location }) => `${location?.line}:${location?.column}`)).toEqual(places)
    for (const { message } of problems) expect(message).toContain('a template must stand in quotes: "${…}"')
  })

  test('that begins with a template is refused like any other, though what is wrong with it begins at its first character', () => {
    expect(linesOf('${env.A}\nlistener:')[0]).toMatch(/^1:1 .*ERR_CONFIG_YAML invalid YAML: /)
  })

  test('says what else is wrong beside an unquoted template', () => {
    const problems = problemsOf(() => parseConfig('a: { b: ${x} }\nc: 1\nc: 2\n'))
    expect(problems.map(({ message }) => message)).toEqual([
      expect.stringContaining('in quotes'),
      'invalid YAML: Map keys must be unique',
    ])
  })

  test('takes templates in blocks and quotes as they are', () => {
    expect(linesOf('listener:\n  path: /x\n  result: ${body.x}\n  input: { a: "${body.y}" }\n')).toEqual([])
  })

  test('may use anchors, aliases and merge keys', () => {
    const config = compileConfig(
      parseConfig(`
listener:
  callbacks:
    - &base { path: /a, timeout: 5s }
    - { <<: *base, path: /b }
`),
    )
    expect(config.listeners[0]?.endpoints).toMatchObject([
      { path: '/a', timeoutMs: 5000 },
      { path: '/b', timeoutMs: 5000 },
    ])
  })

  test.each([101, 1000])('may use one anchor %i times', (count) => {
    const callbacks = Array.from({ length: count }, (_, index) => `    - { path: /p${index}, verify: *shared }\n`)
    const text = `listener:\n  callbacks:\n    - path: /first\n      verify: &shared { scheme: github, secret: abc }\n${callbacks.join('')}`
    expect(compileConfig(parseConfig(text)).listeners[0]?.endpoints).toHaveLength(count + 1)
  })

  test.each([
    ['listener:\n  path: *x\n', '2:9'],
    ['listener:\n  path: /x\n  result: [a, *b]\n', '3:15'],
    ['listener:\n  path: /x\n  input: { a: *later, b: &later 1 }\n', '3:15'],
  ])('has the place of an alias without anchor in %j', (text, place) => {
    const [problem, ...others] = problemsOf(() => parseConfig(text))
    expect(others).toEqual([])
    expect(`${problem?.location?.line}:${problem?.location?.column}`).toBe(place)
    expect(problem?.message).toContain('alias')
  })

  test.each([
    ['listener:\n  path: /a\n---\nlistener:\n  path: /b\n', '3:1'],
    ['store: memory\n...\n---\na: 1\n', '3:1'],
  ])('is one document: %j', (text, place) => {
    const problems = problemsOf(() => parseConfig(text))
    expect(problems.map(({ location }) => `${location?.line}:${location?.column}`)).toEqual([place])
    expect(problems[0]?.message).toBe(
      'invalid YAML: a second document begins here; a file holds one, and loadConfig takes several files',
    )
  })

  test('cannot blow up through aliases, depth or cycles', () => {
    const bomb = [
      'a: &a [x]',
      ...'bcdefghij'.split('').map((name, i) => {
        const before = String.fromCharCode(name.charCodeAt(0) - 1)
        return `${name}: &${name} [${Array.from({ length: 10 }, () => `*${before}`).join(', ')}] # ${i}`
      }),
    ].join('\n')
    expect(problemsOf(() => parseConfig(bomb))[0]?.message).toContain('alias')
    expect(problemsOf(() => parseConfig('['.repeat(5000))).length).toBeGreaterThan(0)
    expect(linesOf('listener: { path: /x, result: &r [*r] }')).toEqual([
      '1:35 listener.result[0] ERR_CONFIG_VALUE this value contains itself; a config must be a tree',
    ])
  })

  test('leaves Object.prototype alone', () => {
    expect(linesOf('"__proto__": { polluted: 1 }\n')).toHaveLength(1)
    expect(Reflect.get({}, 'polluted')).toBeUndefined()
  })
})

describe('the environment', () => {
  const NAME = 'CONFIG_LOAD_TEST'
  const YAML = `listener: { path: "/\${env.${NAME}}" }`

  afterEach(() => {
    delete process.env[NAME]
  })

  test('is that of the option, before that of the process, before .env beside the first file', () => {
    const file = write('a.yml', YAML)
    write('.env', `# a comment\nexport ${NAME}="from dotenv"\n`)
    expect(readPath(() => loadConfig(file))).toBe('/from dotenv')
    process.env[NAME] = 'process'
    expect(readPath(() => loadConfig(file))).toBe('/process')
    expect(readPath(() => loadConfig(file, { env: { [NAME]: undefined } }))).toBe('/process')
    expect(readPath(() => loadConfig(file, { env: { [NAME]: 'option' } }))).toBe('/option')
  })

  test.each([`${NAME}=first\n`, `${NAME}=first\r\nB=2\r\n`, `export ${NAME}="first"`])(
    'of .env may begin with a byte order mark: %j',
    (text) => {
      write('.env', `\uFEFF${text}`)
      expect(readPath(() => loadConfig(write('a.yml', YAML)))).toBe('/first')
    },
  )

  test('of compileConfig goes before that of the source', () => {
    const source = parseConfig(YAML, { env: { [NAME]: 'source' } })
    expect(compileConfig(source).env[NAME]).toBe('source')
    expect(compileConfig(source, { env: { [NAME]: 'later' } }).env[NAME]).toBe('later')
  })

  test('of an object is that of the option, before that of the process', () => {
    process.env[NAME] = 'process'
    const input = defineConfig({ listener: { path: `/\${env.${NAME}}` } })
    expect(compileConfig(input).listeners[0]?.endpoints[0]?.path).toBe('/process')
    expect(compileConfig(input, { env: { [NAME]: 'given' } }).listeners[0]?.endpoints[0]?.path).toBe('/given')
  })

  test('of .env is not looked for beside the second file', () => {
    mkdirSync(join(folder, 'other'))
    write(join('other', '.env'), `${NAME}=other`)
    const files = [write('a.yml', YAML), write(join('other', 'b.yml'), 'store: memory')]
    expect(() => readPath(() => loadConfig(files))).toThrow(ConfigError)
  })

  test('says when .env cannot be read', () => {
    mkdirSync(join(folder, '.env'))
    const file = write('a.yml', 'store: memory')
    expect(problemsOf(() => loadConfig(file))).toMatchObject([
      { code: 'ERR_CONFIG_FILE', message: expect.stringContaining('.env": it is a folder') },
    ])
  })
})

describe('several files', () => {
  test('merge mappings deeply and replace lists, the later one on top', () => {
    const base = write(
      'base.yml',
      'listener:\n  port: 8090\n  host: 0.0.0.0\n  callbacks:\n    - path: /a\n    - path: /b\ncomponents:\n  one: { path: /1 }\n',
    )
    const over = write(
      'over.yml',
      'listener:\n  port: 9090\n  callbacks:\n    - path: /c\ncomponents:\n  two: { path: /2 }\n',
    )
    const config = compileConfig(loadConfig([base, over]))
    expect(config.listeners).toMatchObject([{ port: 9090, host: '0.0.0.0', endpoints: [{ path: '/c' }] }])
    expect([...(config.components?.keys() ?? [])]).toEqual(['one', 'two'])
  })

  test('may write a section in the singular here and in the plural there', () => {
    const files = [
      write('1.yml', 'component: { id: x, path: /x, timeout: 1s }\nlistener: { path: /old }\n'),
      write('2.yml', 'components: [{ id: x, path: /over }, { id: y, path: /y }]\nlisteners: [{ path: /new }]\n'),
      write('3.yml', 'components: { y: { timeout: 2s } }\n'),
    ]
    const config = compileConfig(loadConfig(files))
    expect(config.components?.get('x')).toMatchObject({ path: { source: '/over' }, timeoutMs: 1000 })
    expect(config.components?.get('y')).toMatchObject({ path: { source: '/y' }, timeoutMs: 2000 })
    expect(config.listeners).toMatchObject([{ endpoints: [{ path: '/new' }] }])
  })

  test('say of every problem in which file it is, and where its author wrote it', () => {
    const files = [
      write('1.yml', 'listener: { path: /x }\ncomponents:\n  - id: x\n    path: /x\n    timeot: 1s\n'),
      write('2.yml', 'component:\n  id: x\n  base_url: ${nope.x}\nlistener: { port: 70000 }\n'),
    ]
    const problems = problemsOf(() => compileConfig(loadConfig(files)))
    expect(problems.map(({ at, location }) => `${location?.file} ${location?.line}:${location?.column} ${at}`)).toEqual(
      [`${files[0]} 5:5 components[0].timeot`, `${files[1]} 3:13 component.base_url`, `${files[1]} 4:19 listener.port`],
    )
  })

  test('may take a section away', () => {
    const files = [write('1.yml', 'gateway: { driver: ngrok, port: 1 }'), write('2.yml', 'gateway:\n')]
    expect(compileConfig(loadConfig(files)).gateways).toEqual([])
  })

  test('report an id that is missing or repeated in a list', () => {
    const files = [
      write('1.yml', 'components: { a: { path: /a } }'),
      write('2.yml', 'components:\n  - path: /a\n  - { id: b, path: /b }\n  - { id: b, path: /b }\n'),
    ]
    expect(problemsOf(() => compileConfig(loadConfig(files)))).toMatchObject([
      { at: 'components[0].id', message: 'missing; in a list each one needs an id' },
      { at: 'components[2].id', message: '"b" is the id of another one too' },
    ])
  })
})

describe('the yaml library', () => {
  test('is required where it is used, and nowhere at the top of a file', () => {
    const lib = join(__dirname, '../../lib')
    const files = readdirSync(lib, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'))
    const eager = files.filter((file) => {
      const text = readFileSync(join(lib, file), 'utf8')
      return /^import (?!type)[^;]*?from 'yaml'/m.test(text)
    })
    expect(eager).toEqual([])
  })
})
