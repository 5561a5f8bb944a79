import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import * as fc from 'fast-check'
import { callbacks } from '../../lib'
import { ConfigError } from '../../lib/base/errors'
import { parseConfig } from '../../lib/config/read/load'
import { FUZZ_MS, runs } from '../helpers/fuzz'

const FOLDER = join(__dirname, '../fixtures/chapter')
const TEXTS = readdirSync(FOLDER).map((name) => readFileSync(join(FOLDER, name), 'utf8'))
const LINES = TEXTS.flatMap((text: string) => text.split('\n')).filter((line) => line.trim() !== '')

/** One change of a text, at a place that is a fraction of it. */
type Edit = (text: string) => string

const place = fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true })

const pieces = fc.constantFrom(
  ...[
    ['${', '}', '{', '[', ']', ', ', ': ', '- ', '"', "'", '\n', '  ', '\t', '#', '|\n', '>\n', '&a ', '*a', '<<: *a'],
    ['!!binary ', '---\n', '...\n', '%YAML 1.1\n', '? ', '\0', '\uFEFF', '\u2028', '\r', '\\', '@', '`', '~', '1e999'],
    ['${env.X | ${env.Y}}', '${body..x}', '${body[?(@.a)]}', '${a + }', '__proto__: ', 'constructor: ', '.inf', '0x'],
    ['path: /:a/:a', 'path: "/{a"', 'path: /*', 'port: -1', 'timeout: 1e9d', 'bulk: yes', 'scheme: fal', 'secret: ""'],
  ].flat(),
)

const edits: fc.Arbitrary<Edit> = fc.oneof(
  fc.tuple(place, pieces).map(
    ([at, piece]) =>
      (text: string) =>
        splice(text, at, 0, piece),
  ),
  fc.tuple(place, fc.nat({ max: 30 })).map(
    ([at, length]) =>
      (text: string) =>
        splice(text, at, length, ''),
  ),
  fc.tuple(place, pieces).map(
    ([at, piece]) =>
      (text: string) =>
        splice(text, at, piece.length, piece),
  ),
  fc.tuple(place, fc.string({ unit: 'binary', maxLength: 4 })).map(
    ([at, piece]) =>
      (text: string) =>
        splice(text, at, 1, piece),
  ),
  fc.tuple(place, fc.constantFrom(...LINES)).map(
    ([at, line]) =>
      (text: string) =>
        editLine(text, at, (old) => `${old}\n${line}`),
  ),
  place.map((at) => (text: string) => editLine(text, at, () => '')),
  place.map((at) => (text: string) => editLine(text, at, (line) => `${line}\n${line}`)),
  place.map((at) => (text: string) => editLine(text, at, (line) => `  ${line}`)),
  place.map((at) => (text: string) => editLine(text, at, (line) => line.slice(2))),
  fc.tuple(place, place).map(
    ([at, from]) =>
      (text: string) =>
        splice(text, at, 0, text.slice(from * text.length)),
  ),
)

function splice(text: string, at: number, length: number, piece: string): string {
  const start = Math.floor(at * text.length)
  return text.slice(0, start) + piece + text.slice(start + length)
}

function editLine(text: string, at: number, edit: (line: string) => string): string {
  const lines = text.split('\n')
  const index = Math.floor(at * lines.length)
  return lines.toSpliced(index, 1, edit(lines[index] ?? '')).join('\n')
}

describe('a config of the chapter', () => {
  test(
    'compiles, or is refused with problems, however it is edited',
    () => {
      const logger = { debug() {}, info() {}, warn() {}, error() {} }
      let compiled = 0
      fc.assert(
        fc.property(
          fc.constantFrom(...TEXTS),
          fc.array(edits, { minLength: 0, maxLength: 4 }),
          fc.constantFrom(undefined, '', 'text', '8090', '${body.x}'),
          (text, list, value) => {
            const yaml = list.reduce((edited, edit) => edit(edited), text)
            const env = Object.fromEntries([...text.matchAll(/env\.(\w+)/g)].map(([, name]) => [String(name), value]))
            try {
              callbacks(parseConfig(yaml, { env }), { logger })
              compiled += 1
            } catch (error) {
              expect(error).toBeInstanceOf(ConfigError)
              const { problems } = error as ConfigError
              expect(problems.length).toBeGreaterThan(0)
              for (const { code, message } of problems)
                expect([code, message]).toEqual([expect.stringMatching(/^ERR_/), expect.stringMatching(/./)])
            }
          },
        ),
        { numRuns: runs(200) },
      )
      expect(compiled).toBeGreaterThan(10)
    },
    FUZZ_MS,
  )
})
