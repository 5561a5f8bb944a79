import { describe, expect, test } from '@jest/globals'
import * as fc from 'fast-check'
import { FUZZ_MS, runs } from '../helpers/fuzz'
import { ConfigError } from '../../lib/base/errors'
import { parseConfig } from '../../lib/config/read/load'
import { compileConfig } from '../../lib/config/normalize'

const KEYS = [
  'listener',
  'listeners',
  'gateway',
  'components',
  'workflow',
  'workflows',
  'controller',
  'store',
  'callbacks',
  'path',
  'port',
  'method',
  'status',
  'success_when',
  'fail_when',
  'result',
  'verify',
  'scheme',
  'secret',
  'timeout',
  'jobs',
  'id',
  'component',
  'on_error',
  'wait_for',
  'completion',
  'fallback',
  'action',
  'headers',
  'connection',
  'auth',
  'command',
  '__proto__',
  'constructor',
  'unknown',
] as const

const WORDS = [
  '${env.A}',
  '${env.A | 1}',
  '${body.x}',
  '${',
  '$${x}',
  '/x',
  'POST',
  'polling',
  '5s',
  'stripe',
  'ssh-tunnel',
]

const anything = fc.letrec((tie) => ({
  leaf: fc.oneof(
    fc.constantFrom<unknown>(...WORDS, null, true, 0, -1, 8090, 1.5, Number.NaN, undefined),
    fc.string(),
    fc.integer(),
  ),
  list: fc.array(tie('value'), { maxLength: 3 }),
  mapping: fc.dictionary(fc.constantFrom(...KEYS), tie('value'), { maxKeys: 5 }),
  value: fc.oneof({ depthSize: 'medium', withCrossShrink: true }, tie('leaf'), tie('mapping'), tie('list')),
}))

/** Gives a Config or a ConfigError with something in it; anything else is a bug. */
function compilesOrRefuses(run: () => unknown): void {
  try {
    run()
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigError)
    const problems = error instanceof ConfigError ? error.problems : []
    expect(problems.length).toBeGreaterThan(0)
    for (const { code, message } of problems) {
      expect(code).toMatch(/^ERR_/)
      expect(message).not.toBe('')
    }
  }
}

describe('whatever is given', () => {
  test(
    'as an object becomes a Config or a ConfigError',
    () => {
      fc.assert(
        fc.property(anything.mapping, (input) => {
          compilesOrRefuses(() => Reflect.apply(compileConfig, undefined, [input, { env: { A: '${body.y}' } }]))
        }),
        { numRuns: runs(1500) },
      )
    },
    FUZZ_MS,
  )

  test(
    'as any value at all becomes a Config or a ConfigError',
    () => {
      const values = fc.anything({ withDate: true, withMap: true, withNullPrototype: true, withBigInt: true })
      fc.assert(
        fc.property(values, (input) => {
          compilesOrRefuses(() => Reflect.apply(compileConfig, undefined, [input]))
        }),
        { numRuns: runs(500) },
      )
    },
    FUZZ_MS,
  )

  test(
    'as YAML becomes a Config or a ConfigError',
    () => {
      fc.assert(
        fc.property(anything.mapping, (input) => {
          compilesOrRefuses(() => compileConfig(parseConfig(JSON.stringify(input), { env: {} })))
        }),
        { numRuns: runs(700) },
      )
    },
    FUZZ_MS,
  )

  test(
    'as text becomes a Config or a ConfigError',
    () => {
      const tokens = fc.constantFrom(
        ...KEYS,
        ...WORDS,
        ': ',
        '\n',
        '  ',
        '- ',
        '{',
        '}',
        '[',
        ']',
        ',',
        '&a ',
        '*a',
        '!t ',
        '#',
        '"',
        '|',
        '\t',
      )
      const text = fc.array(fc.oneof(tokens, fc.string()), { maxLength: 25 }).map((parts) => parts.join(''))
      fc.assert(
        fc.property(text, (yaml) => {
          compilesOrRefuses(() => compileConfig(parseConfig(yaml, { env: {} })))
        }),
        { numRuns: runs(1500) },
      )
    },
    FUZZ_MS,
  )
})
