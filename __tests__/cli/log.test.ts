import { describe, expect, test } from '@jest/globals'
import { quoteWord } from '../../lib/cli/log'
import { escapeControls } from '../../lib/base/secrets/escape'
import { createLog, type LogOptions } from '../../lib/cli/log'

const NOW = Date.UTC(2026, 0, 1, 12, 30)

interface Written {
  readonly log: ReturnType<typeof createLog>
  readonly lines: readonly string[]
}

function open(options: Partial<Pick<LogOptions, 'format' | 'level'>> = {}, isTTY = false, env = {}): Written {
  const lines: string[] = []
  const output = { write: (text: string) => void lines.push(text), isTTY }
  return { lines, log: createLog({ output, format: 'pretty', level: 'info', io: { env, now: () => NOW }, ...options }) }
}

describe('texts of others stay on their line', () => {
  test.each([
    ['a\nb', 'a\\nb'],
    ['a\r\tb', 'a\\r\\tb'],
    ['\u001b[31mred', '\\u001b[31mred'],
    ['\u0000\u007f\u009b', '\\u0000\\u007f\\u009b'],
    ['\u2028\u2029', '\\u2028\\u2029'],
    ['\u202eabc', '\\u202eabc'],
    ['Grüße, 日本, 👩‍👧', 'Grüße, 日本, 👩‍👧'],
  ])('%j', (text, escaped) => {
    expect(escapeControls(text)).toBe(escaped)
  })

  test.each([
    ['task-1', 'task-1'],
    ['https://a.example/x', 'https://a.example/x'],
    ['a b', '"a b"'],
    ['a=b', '"a=b"'],
    ['', '""'],
    ['"', '"\\""'],
    ['x\nid=y', '"x\\nid=y"'],
    ['\u202ex', '"\\u202ex"'],
  ])('%j is one word', (text, word) => {
    expect(quoteWord(text)).toBe(word)
  })
})

describe('pretty lines', () => {
  test('hold time, level and message, and the data that a workflow logs', () => {
    const { log, lines } = open()
    log.info({ port: 1 }, 'one\ntwo')
    log.warn({ job: 'say', data: { text: 'a\nb' } }, 'three')
    log.debug({}, 'unseen')
    expect(lines).toEqual([
      expect.stringMatching(/^\d\d:\d\d:\d\d info {2}one\\ntwo\n$/),
      expect.stringMatching(/^\d\d:\d\d:\d\d warn {2}three \{"data":\{"text":"a\\nb"\}\}\n$/),
    ])
  })

  test('hold all details at the level debug', () => {
    const { log, lines } = open({ level: 'debug' })
    log.debug({ port: 1 }, 'one')
    expect(lines).toEqual([expect.stringMatching(/ debug one \{"port":1\}\n$/)])
  })

  test.each([
    ['a number', { port: 80 }, 'at host:80', ''],
    ['a part of a number', { port: 80 }, 'at host:8090', ' {"port":80}'],
    ['a text in quotes', { id: 'a b', ids: ['a b', 'c'] }, 'took id="a b" ids=c', ''],
    ['a list that is said in part', { ids: ['a', 'b'] }, 'took a', ' {"ids":["a","b"]}'],
    ['nothing', { id: undefined }, 'one', ''],
    ['data', { data: 'one' }, 'one', ' {"data":"one"}'],
    ['an id for what has none', { workflow: '__workflow__' }, 'task of the workflow', ''],
  ])('do not repeat at the level debug what they say: %s', (_name, details, message, more) => {
    const { log, lines } = open({ level: 'debug' })
    log.info(details, message)
    expect(lines.map((line) => line.replace(/^\S+ info {2}/, ''))).toEqual([`${message}${more}\n`])
  })

  test.each([
    ['a terminal', true, {}, true],
    ['a terminal and NO_COLOR', true, { NO_COLOR: '1' }, false],
    ['a terminal and an empty NO_COLOR', true, { NO_COLOR: '' }, true],
    ['a terminal without colours', true, { TERM: 'dumb' }, false],
    ['a terminal with colours', true, { TERM: 'xterm-256color' }, true],
    ['a file', false, {}, false],
  ])('for %s', (_name, isTTY, env, hasColours) => {
    const { log, lines } = open({}, isTTY, env)
    log.error({}, 'one')
    expect(lines.join('').includes('\u001b[31m')).toBe(hasColours)
  })
})

describe('lines in JSON', () => {
  test('hold time, level, msg and the details, which cannot take their place', () => {
    const { log, lines } = open({ format: 'json' }, true)
    log.info({ port: 1, level: 'forged', big: 1n }, 'one\ntwo \u2028\u009b')
    expect(lines).toHaveLength(1)
    expect(lines[0]).toMatch(/^\{"time":[^\n\u2028\u009b]*\}\n$/)
    expect(JSON.parse(lines[0] ?? '')).toEqual({
      time: '2026-01-01T12:30:00.000Z',
      level: 'info',
      msg: 'one\ntwo \u2028\u009b',
      port: 1,
      big: '1',
    })
  })

  test('show of an error its code and message, and the stack at the level debug alone', () => {
    const error = Object.assign(new Error('broken'), { code: 'E' })
    const shown = { name: 'Error', code: 'E', message: 'broken' }
    const info = open({ format: 'json' })
    info.log.error({ err: error }, 'one')
    expect(JSON.parse(info.lines[0] ?? '')).toMatchObject({ err: shown })
    expect(info.lines[0]).not.toContain('stack')
    const debug = open({ format: 'json', level: 'debug' })
    debug.log.error({ err: error }, 'one')
    expect(JSON.parse(debug.lines[0] ?? '')).toMatchObject({ err: { stack: error.stack } })
  })

  test('leave out details that cannot be written', () => {
    const { log, lines } = open({ format: 'json' })
    const details: Record<string, unknown> = {}
    details['self'] = details
    log.info(details, 'one')
    expect(JSON.parse(lines[0] ?? '')).toEqual({ time: expect.any(String), level: 'info', msg: 'one' })
  })
})
