import { describe, expect, test } from '@jest/globals'
import * as fc from 'fast-check'
import { parseJson } from '../../lib/body/json-text'
import { parseLongJson } from '../../lib/body/json-turns'
import { FUZZ_MS, runs } from '../helpers/fuzz'

/** What a text is parsed to, written so that the order of names counts; `refused` for what is no JSON. */
function plainly(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text))
  } catch {
    return 'refused'
  }
}

function parse(text: string): unknown {
  return JSON.parse(text)
}

async function inTurns(text: string, piece: number): Promise<string> {
  try {
    return JSON.stringify(await parseLongJson(text, parse, piece))
  } catch {
    return 'refused'
  }
}

describe('JSON that is parsed in turns', () => {
  test.each([
    '[]',
    '{}',
    ' [ ] ',
    '[1]',
    '[[],[],[]]',
    '[{"a":[1,2,{"b":[]}]},{"a":[3]}]',
    '{"a":1,"a":2,"b":[{"c":{}}],"a":{"d":[]}}',
    '{"__proto__":{"x":[1,[2]]},"y":[{"__proto__":1}]}',
    '{"2":1,"1":[2],"x":3,"0":[[]]}',
    '["]","[","\\"]","\\\\",{"}":"{"}]',
    '"a text"',
    '12',
    '[1 , [ 2 ] , 3 ]',
  ])('%s is what JSON.parse makes of it', async (text) => {
    for (const piece of [0, 1, 3, 1000]) expect(await inTurns(text, piece)).toBe(plainly(text))
  })

  test.each([
    '[',
    ']',
    '[1,]',
    '[,1]',
    '[1,,2]',
    '[[],]',
    '[[]1]',
    '[[] []]',
    '[[]"a"]',
    '[{"a":[]}{}]',
    '[1}',
    '{"a":1]',
    '{"a":[}',
    '{"a":[]"b":[]}',
    '{"a" "b":[]}',
    '{"a":1,}',
    '{[]}',
    '{"a":{}:{}}',
    '{"a":[],,"b":1}',
    '[1][2]',
    '[1],[2]',
    '[1]x',
    '[1]]',
    '{"a":1 [2]}',
    '{"a":1[2]}',
    '{"a":1{"b":[2]}}',
    '{"a":1.5e{"b":[2]}}',
    '{"a":-[{"b":[2]}]}',
    '{"b":[{"a":10{"b":[2]}}]}',
    '{"a":true{"b":[2]}}',
    '[1 [2]]',
    '["a',
    '["a\\"]',
    '',
  ])('%j is refused', async (text) => {
    for (const piece of [0, 1, 3, 1000]) expect(await inTurns(text, piece)).toBe('refused')
  })

  test('refuses more than 100 levels, and no fewer', async () => {
    const nest = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth)
    expect(await inTurns(`[${nest(99)},${nest(99)}]`, 20)).toBe(`[${nest(99)},${nest(99)}]`)
    await expect(parseLongJson(`[${nest(99)},${nest(100)}]`, parse, 20)).rejects.toMatchObject({
      code: 'ERR_BODY_DEPTH',
    })
  })

  test('lets other work run', async () => {
    const text = `[${'{"a":{"b":[1,2]}},'.repeat(40_000)}0]`
    let others = 0
    let isDone = false
    const other = (): void => {
      others += 1
      if (!isDone) setImmediate(other)
    }
    setImmediate(other)
    const value = await parseJson(text)
    isDone = true
    expect(value).toEqual(JSON.parse(text))
    expect(others).toBeGreaterThan(1)
  })

  test(
    'takes and refuses what JSON.parse does',
    async () => {
      const broken = fc
        .tuple(
          fc.json({ maxDepth: 6 }),
          fc.nat(),
          fc.constantFrom('[', ']', '{', '}', ',', ':', '"', '\\', ' ', '1'),
          fc.boolean(),
        )
        .map(([text, at, put, replaces]) => {
          const place = at % (text.length + 1)
          return text.slice(0, place) + put + text.slice(place + (replaces ? 1 : 0))
        })
      const texts = fc.oneof(fc.json({ maxDepth: 6 }), broken, fc.stringMatching(/^[[\]{},:"1 ]{0,12}$/))
      await fc.assert(
        fc.asyncProperty(texts, fc.integer({ min: 0, max: 12 }), async (text, piece) => {
          expect(await inTurns(text, piece)).toBe(plainly(text))
        }),
        { numRuns: runs(1500) },
      )
    },
    FUZZ_MS,
  )
})
