import { describe, expect, test } from '@jest/globals'
import { callbacks, type Callbacks, parseConfig, loadConfig } from '../../lib'
import { useHosts } from '../helpers/use-hosts'

const hosts = useHosts()
const CONFIG = `
listener: { path: /done, identify_by: "\${body.id}" }
workflow: { jobs: [{ component: logger }] }
`

/** Calls a public method with these options. */
type Call = (hooks: Callbacks, options: object) => unknown

const METHODS: readonly (readonly [string, Call, readonly string[]])[] = [
  [
    'wait',
    (hooks, options) => hooks.wait('a', options),
    ['path', 'timeout', 'signal', 'key', 'schema', 'onProgress', 'full', 'when'],
  ],
  [
    'each',
    (hooks, options) => hooks.each('a', options),
    ['path', 'timeout', 'signal', 'key', 'full', 'until', 'schema'],
  ],
  ['ticket', (hooks, options) => hooks.ticket(options), ['path', 'timeout', 'signal', 'key', 'schema', 'mountPath']],
  ['settle', (hooks, options) => hooks.settle('a', 1, options), ['path']],
  ['fail', (hooks, options) => hooks.fail('a', 1, options), ['path']],
  ['run', (hooks, options) => hooks.run(1, options), ['workflow', 'timeout', 'signal', 'schema']],
  ['submit', (hooks, options) => hooks.submit(1, options), ['workflow', 'timeout', 'signal']],
  ['listen', (hooks, options) => hooks.listen(options), ['controller']],
  ['close', (hooks, options) => hooks.close(options), ['drain']],
]

const MISSPELT: Readonly<Record<string, readonly string[]>> = {
  path: ['paht', 'Path', 'pth'],
  timeout: ['timout', 'time_out', 'timeOut'],
  signal: ['singal', 'signals', 'SIGNAL'],
  key: ['kye', 'Key', 'keys'],
  onProgress: ['onprogress', 'on_progress', 'onProgres'],
  full: ['ful', 'Full', 'fulll'],
  schema: ['shema', 'Schema', 'schemas'],
  when: ['wehn', 'When', 'whenn'],
  until: ['untill', 'Until', 'untl'],
  mountPath: ['mountpath', 'mount_path', 'mountPaht'],
  workflow: ['worklfow', 'work_flow', 'workflows'],
  controller: ['controler', 'Controller', 'contoller'],
  drain: ['drian', 'Drain', 'drains'],
}

describe.each(METHODS)('%s()', (method, call, known) => {
  const errorOf = async (options: unknown): Promise<unknown> => {
    const { hooks } = hosts.start(parseConfig(CONFIG))
    try {
      await call(hooks, options as object)
    } catch (error) {
      return error
    }
    return undefined
  }

  test.each(known.flatMap((name) => (MISSPELT[name] ?? []).map((misspelt) => [misspelt, name])))(
    'refuses %s and names %s',
    async (misspelt, name) => {
      expect(await errorOf({ [misspelt]: 1 })).toMatchObject({
        code: 'ERR_CONFIG_VALUE',
        at: `options.${misspelt}`,
        message: expect.stringContaining(
          `The option ${misspelt} of ${method}() cannot be used: did you mean "${name}"?`,
        ),
      })
    },
  )

  test.each(['colour', 'x', '5'])('refuses %s and names what there is', async (name) => {
    expect(await errorOf({ [name]: 1 })).toMatchObject({
      code: 'ERR_CONFIG_VALUE',
      message: expect.stringContaining(
        `The option ${name} of ${method}() cannot be used: there are ${known.join(', ')}`,
      ),
    })
  })

  test.each([
    ['a number', 5],
    ['a string', 'paint'],
    ['null', null],
    ['a list', ['paint']],
  ])('refuses %s in place of its options', async (what, options) => {
    expect(await errorOf(options)).toMatchObject({
      code: 'ERR_CONFIG_VALUE',
      message: expect.stringContaining(`The options of ${method}() must be an object, not ${what}`),
    })
  })
})

test('an unknown option that is undefined counts as left out', async () => {
  const { hooks } = hosts.start(parseConfig(CONFIG))
  const wait = hooks.wait('a', { timout: undefined } as object)
  expect(await hooks.settle('a', 1, { paht: undefined } as object)).toBe('settled')
  await expect(wait).resolves.toBe(1)
})

test('a refused close leaves the callbacks open', async () => {
  const { hooks } = hosts.start(parseConfig(CONFIG))
  await expect(hooks.close({ drian: '1s' } as object)).rejects.toMatchObject({ code: 'ERR_CONFIG_VALUE' })
  const wait = hooks.wait('a')
  await hooks.settle('a', 2)
  await expect(wait).resolves.toBe(2)
})

describe.each<[string, (options: object) => unknown, string]>([
  ['callbacks', (options) => callbacks(parseConfig(CONFIG), options), ''],
  ['parseConfig', (options) => parseConfig(CONFIG, options), ' of parseConfig()'],
  ['loadConfig', (options) => loadConfig('none.yml', options), ' of loadConfig()'],
])('%s()', (name, call, of) => {
  test.each(['evn', 'Env', 'envs'])('refuses %s and names env', (misspelt) => {
    expect(() => call({ [misspelt]: {} })).toThrow(
      expect.objectContaining({
        code: 'ERR_CONFIG_VALUE',
        at: `options.${misspelt}`,
        message: expect.stringContaining(`The option ${misspelt}${of} cannot be used: did you mean "env"?`),
      }),
    )
  })

  test.each([
    ['a number', 5],
    ['a string', 'x'],
    ['null', null],
  ])('refuses %s in place of its options', (what, options) => {
    expect(() => call(options as unknown as object)).toThrow(`The options of ${name}() must be an object, not ${what}`)
  })
})
