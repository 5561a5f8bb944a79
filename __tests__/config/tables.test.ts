import { describe, expect, test } from '@jest/globals'
import { createFields, type Fields } from '../../lib/config/field/fields'
import { readTable } from '../../lib/config/field/read-table'
import { createReport } from '../../lib/config/field/report'
import { byHand, field, type InputOf, listOf, oneOrMore, orShort, required, table } from '../../lib/config/field/shape'
import { COUNT, DURATION, FLAG, SCALAR, TEXT, word } from '../../lib/config/field/values'
import { createJsonSchema } from '../../.ci/write-schema.cjs'
import { checkShape } from '../../lib/config/checks/shape'
import { isMapping } from '../../lib/base/values/plain'

const SERVER = {
  host: required('host', TEXT, 'Where it is'),
  port: field('port', COUNT, 'Its port', 22),
}

const KEYS = {
  waitMs: field('wait', DURATION, 'How long to wait', '1m'),
  mode: field('mode', word(['fast', 'slow']), 'How fast', 'slow'),
  isQuiet: field('quiet', FLAG, 'Whether it is silent', false),
  title: field('title', TEXT, 'Title'),
  values: field('values', oneOrMore(SCALAR, 'one or several'), 'Values'),
  names: field('names', listOf(TEXT), 'Names'),
  server: field('server', orShort(SERVER.host, table(SERVER), 'a mapping or a host'), 'The server'),
  limits: field('limits', table({ max: field('max', COUNT, 'How many', 5) }), 'Limits', {}),
  other: byHand('other', TEXT, 'Read elsewhere'),
}

const DEFAULTS = {
  waitMs: 60_000,
  mode: 'slow',
  isQuiet: false,
  title: undefined,
  values: undefined,
  names: undefined,
  server: undefined,
  limits: { max: 5 },
}

function fieldsOf(data: Readonly<Record<string, unknown>>): { fields: Fields; problems: () => readonly string[] } {
  const report = createReport(
    (path) => ({ at: path.join('.'), location: undefined }),
    [],
    [],
    (text) => text,
  )
  checkShape(table(KEYS), data, [], report)
  return {
    fields: createFields(data, [], { report, templates: [], callbackPaths: [] }),
    problems: () => report.problems().map(({ at, message }) => `${at}: ${message}`),
  }
}

describe('a table of keys', () => {
  test.each([
    [{}, {}],
    [{ wait: null }, {}],
    [{ wait: 5 }, { waitMs: 5 }],
    [
      { wait: '2s', mode: 'fast', quiet: 'true' },
      { waitMs: 2000, mode: 'fast', isQuiet: true },
    ],
    [{ values: 5 }, { values: ['5'] }],
    [{ values: [true, 'x'] }, { values: ['true', 'x'] }],
    [{ names: ['a', 'b'] }, { names: ['a', 'b'] }],
    [{ server: 'example.org' }, { server: { host: 'example.org', port: 22 } }],
    [{ server: { host: 'example.org', port: '23' } }, { server: { host: 'example.org', port: 23 } }],
    [{ limits: {} }, {}],
    [{ limits: { max: 0 } }, { limits: { max: 0 } }],
    [{ other: 'x' }, {}],
  ])('reads %j with its defaults', (data, expected) => {
    const { fields, problems } = fieldsOf(data)
    expect(readTable(KEYS, fields)).toEqual({ ...DEFAULTS, ...expected })
    expect(problems()).toEqual([])
  })

  test.each([
    [{ server: { port: 1 } }, { server: undefined }, 'server.host: missing; expected text'],
    [{ mode: 'fats' }, {}, 'mode: expected one of fast, slow, found "fats". Did you mean "fast"?'],
    [{ limits: { max: -1 } }, {}, 'limits.max: expected a whole number, 0 or more, found -1'],
    [{ wiat: 1 }, {}, 'wiat: Unknown key "wiat". Did you mean "wait"?'],
    [{ server: 5 }, {}, 'server: expected a mapping or a host, found 5; put it in quotes'],
    [{ names: ['a', null] }, { names: ['a'] }, 'names.1: expected text, found nothing'],
  ])('reports what is wrong in %j, and reads the rest', (data, expected, problem) => {
    const { fields, problems } = fieldsOf(data)
    expect(readTable(KEYS, fields)).toEqual({ ...DEFAULTS, ...expected })
    expect(problems()).toEqual([problem])
  })

  test('gives the types of what is written and of what is read', () => {
    const written: InputOf<typeof KEYS> = { wait: '1s', mode: 'fast', server: 'x', other: 'y', values: [1, 'a'] }
    // @ts-expect-error a word that there is not
    written.mode = 'fats'
    const spec = readTable(KEYS, fieldsOf({}).fields)
    spec.waitMs satisfies number
    spec.mode satisfies 'fast' | 'slow'
    spec.server satisfies { readonly host: string; readonly port: number } | undefined
    // @ts-expect-error a key that its section reads itself
    expect(spec.other).toBeUndefined()
    // A table with a required key may be incomplete.
    const server: { readonly host: string; readonly port: number } | undefined = readTable(SERVER, fieldsOf({}).fields)
    expect(server).toBeUndefined()
  })

  test('says each default in the JSON Schema, as it is written', () => {
    const { properties } = createJsonSchema(table(KEYS))
    const sentences = Object.values(isMapping(properties) ? properties : {}).map((one) =>
      isMapping(one) ? one['description'] : undefined,
    )
    expect(sentences).toEqual([
      'How long to wait (default 1m)',
      'How fast (default slow)',
      'Whether it is silent (default false)',
      'Title',
      'Values',
      'Names',
      'The server',
      'Limits',
      'Read elsewhere',
    ])
  })
})
