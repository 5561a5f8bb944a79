import { afterEach, describe, expect, jest, test } from '@jest/globals'
import type { CallbacksConfig, CallbacksOptions } from '../../lib'
import { openRawSocket, head } from '../helpers/raw-socket'
import { type LogLine, useHosts } from '../helpers/use-hosts'
import { normalizeOptions } from '../../lib/app/options'
import { useCli } from '../cli/use-cli'

const hosts = useHosts()
const cli = useCli()

/** A line break of every kind, what steers a terminal in 7 and 8 bits, and what turns the direction of a text. */
const HOSTILE = 'x\r\n{"level":"error","msg":"forged"}\u001b[2J\u009b31m\u2028\u2029\u0085\u202e\u2066\u0000y'
const UNSAFE = /[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/u

afterEach(() => void jest.restoreAllMocks())

const CONFIG: CallbacksConfig = {
  listeners: [
    {
      path: '/done',
      identify_by: '${body.id}',
      status: '${body.status}',
      fail_when: ['bad'],
      response: { body: '${body.text * 2}' },
    },
    { path: '/of/:name', identify_by: '${params.name * 2}' },
    { path: '/start', identify_by: '${body.id}', workflow: 'note' },
  ],
  workflows: {
    note: {
      default: true,
      jobs: [
        { id: 'say', component: 'logger', input: { message: '${input.text}', data: { text: '${input.text}' } } },
        { id: 'fail', component: 'logger', input: { message: '${input.text as integer}' } },
      ],
    },
    wait: { jobs: [{ wait_for: { id: '${input.text}', path: '/done', timeout: 1000 } }] },
  },
}

/** Sends what is hostile to every place that is logged. */
async function attack(options: CallbacksOptions = {}): Promise<readonly LogLine[]> {
  const { hooks, post, origin, clock, log } = await hosts.open(CONFIG, options)
  expect((await post('/done').send({ id: HOSTILE, text: HOSTILE })).status).toBe(200)
  expect((await post(`/of/${encodeURIComponent(HOSTILE)}`).send({})).status).toBe(400)
  await post('/done').set('content-type', 'text/plain; charset="x\u009by"').send('a')
  await post('/start').send({ id: HOSTILE, text: HOSTILE })
  await hooks.run({ text: HOSTILE }).catch(() => undefined)
  await expect(hooks.run({ text: HOSTILE }, { workflow: HOSTILE })).rejects.toThrow('forged')
  const failing = hooks.wait(`${HOSTILE}1`, { path: '/done' }).catch((error: unknown) => error)
  await post('/done').send({ id: `${HOSTILE}1`, status: 'bad' })
  expect(String(Object(await failing).message)).not.toMatch(UNSAFE)
  const late = hooks.wait(`${HOSTILE}2`, { timeout: 1000 }).catch((error: unknown) => error)
  clock.advance(1100)
  expect(String(Object(await late).message)).not.toMatch(UNSAFE)
  const raw = await openRawSocket(origin)
  raw.send(
    head('POST /done', { 'content-type': 'a/b; charset=x\u009b31my\u0085z', 'content-length': 1, connection: 'close' }),
  )
  raw.send('a')
  expect(await raw.closed()).toContain(' 415 ')
  return log
}

/** All texts that a logger that knows nothing of this package would write, but for the data of a workflow. */
function textsOf({ message, details }: LogLine): readonly string[] {
  return [message, ...Object.entries(details).flatMap(([key, value]) => (key === 'data' ? [] : flatten(value)))]
}

function flatten(value: unknown): readonly string[] {
  if (value instanceof Error) return [value.message]
  return Array.isArray(value) ? value.map(String) : [String(value)]
}

describe('what comes in writes no line of its own', () => {
  test('into a logger such as pino', async () => {
    const log = await attack()
    for (const text of log.flatMap(textsOf)) expect(text).not.toMatch(UNSAFE)
    const forged = log.filter(({ message }) => message.includes('forged'))
    expect(forged.map(({ level }) => level)).toEqual(expect.arrayContaining(['warn', 'info', 'error']))
    expect(forged.map(({ message }) => message).join()).toContain(String.raw`x\r\n{`)
    expect(forged.map(({ message }) => message).join()).toContain(
      String.raw`\u001b[2J\u009b31m\u2028\u2029\u0085\u202e\u2066\u0000y`,
    )
  })

  test('into the console', async () => {
    const said: unknown[] = []
    for (const method of ['debug', 'info', 'warn', 'error'] as const)
      jest.spyOn(console, method).mockImplementation((...texts) => void said.push(...texts))
    await attack({ logger: console })
    expect(said.join()).toContain('forged')
    for (const text of said) expect(text).not.toMatch(UNSAFE)
  })

  test('into the warnings of the process', async () => {
    const emit = jest.spyOn(process, 'emitWarning').mockImplementation(() => undefined)
    await attack({ logger: undefined })
    const texts = emit.mock.calls.map(([text]: readonly unknown[]) => String(text))
    expect(texts.join()).toContain('forged')
    for (const text of texts) expect(text).not.toMatch(UNSAFE)
  })
})

describe('the stack of an error that nobody has foreseen', () => {
  test('has the lines of the stack and no other, and no % is taken for a placeholder', () => {
    const error = jest.spyOn(console, 'error').mockImplementation(() => undefined)
    const bug = new TypeError(`a ${HOSTILE}`)
    normalizeOptions({ logger: console }).logger.error({ err: bug }, 'it broke: 100%s')
    const [message, stack] = error.mock.calls[0] ?? []
    expect(message).toBe('it broke: 100%%s')
    const [first = '', ...frames] = String(stack).split('\n')
    expect(first).toContain(String.raw`TypeError: a x\r\n{"level"`)
    expect(frames.length).toBeGreaterThan(0)
    for (const frame of frames) expect(frame).toMatch(/^ {4}at /)
    for (const line of [first, ...frames]) expect(line).not.toMatch(UNSAFE)
  })

  test('is given to other loggers as it is', () => {
    const lines: object[] = []
    const write = (details: object): void => void lines.push(details)
    const bug = new TypeError('a')
    const { logger } = normalizeOptions({ logger: { debug: write, info: write, warn: write, error: write } })
    logger.error({ err: bug, id: 'a\nb', ids: ['a\n', 1], data: ['a\n'] }, 'it broke')
    expect(lines).toEqual([{ err: bug, id: 'a\\nb', ids: ['a\\n', 1], data: ['a\n'] }])
  })
})

describe('the command line', () => {
  const YAML =
    'workflow: { jobs: [{ id: a, component: logger, input: { message: "${input.text}", data: "${input.text}" } }, { id: b, component: logger, input: "${input.text as integer}" }] }'

  test.each(['pretty', 'json'])('run writes whole lines of its own, as %s', async (format) => {
    const argv = ['run', '--log-level', 'debug', '--log-format', format, '--input', JSON.stringify({ text: HOSTILE })]
    const { code, stderr } = await cli.run(argv, { files: { 'callbacks.yml': YAML } })
    expect(code).toBe(1)
    const lines = stderr.split('\n').slice(0, -1)
    expect(lines.join()).toContain('forged')
    for (const line of lines) {
      expect(line).not.toMatch(UNSAFE)
      expect(line).toMatch(format === 'json' ? /^\{"time":/ : /^(?:\d\d:\d\d:\d\d |error: )/)
    }
  })

  test.each([
    ['a command', [HOSTILE]],
    ['a workflow', ['run', HOSTILE]],
    ['an option', ['run', `--${HOSTILE}`]],
    ['a file', ['validate', '--file', 'a\nb\u001b[2J.yml']],
  ])('shows %s that is hostile on one line', async (_name, argv) => {
    const { stderr } = await cli.run(argv, { files: { 'callbacks.yml': YAML } })
    expect(stderr).toMatch(/^[^\n]+\n$/)
    expect(stderr.slice(0, -1)).not.toMatch(UNSAFE)
  })

  test('validate shows keys and values of a config on one line each', async () => {
    const key = JSON.stringify('a\n\u001b[2J\u202eb').replaceAll('\u202e', String.raw`\u202e`)
    const yaml = `listener: { path: ${key}, ${key}: 1, port: ${key} }`
    const { stderr } = await cli.run(['validate'], { files: { 'callbacks.yml': yaml } })
    const lines = stderr.split('\n').slice(0, -1)
    expect(lines.length).toBeGreaterThan(1)
    for (const line of lines) {
      expect(line).toMatch(/^(?:warning: )?\S*callbacks\.yml:1:\d+ /)
      expect(line).not.toMatch(UNSAFE)
    }
  })
})
