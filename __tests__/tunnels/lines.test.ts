import { describe, expect, test } from '@jest/globals'
import { createLines } from '../../adapters/tunnels/program/child-process'

function cut(bytes: Buffer, size: number): readonly string[] {
  const found: string[] = []
  const lines = createLines((line) => void found.push(line))
  for (let start = 0; start < bytes.length; start += size) lines.write(bytes.subarray(start, start + size))
  lines.end()
  return found
}

describe.each([
  ['whole', Number.MAX_SAFE_INTEGER],
  ['in 7-byte pieces', 7],
  ['byte by byte', 1],
])('%s', (_name, size) => {
  test.each([
    ['lines', 'one\ntwo\n', ['one', 'two']],
    ['a last line without an end', 'one\ntwo', ['one', 'two']],
    ['line ends of Windows', 'one\r\ntwo\r\n', ['one', 'two']],
    ['empty lines', '\n\none\n\n', ['', '', 'one', '']],
    ['letters of several bytes', 'grün 東京 🎉\nß\n', ['grün 東京 🎉', 'ß']],
    ['colours', '\u001B[1;31mred\u001B[0m and \u001B[2Kcleared\n', ['red and cleared']],
    ['links', '\u001B]8;;https://a.example\u0007here\u001B]8;;\u0007\n', ['here']],
    ['titles of a terminal', '\u001B]0;tool: one\u0007two\n\u001B]2;x\u001B\\three\n', ['two', 'three']],
    [
      'a cursor that is kept and put back',
      '\u001B7from one\u001B8\n\u001B7\u001B8https://a.example\n',
      ['from one', 'https://a.example'],
    ],
    [
      'a line that is drawn again',
      'wait\rwait.\r\u001B[2Khttps://a.example\nnext\n',
      ['wait', 'wait.', 'https://a.example', 'next'],
    ],
    ['a line that is drawn again, without an end', 'wait\rready\r', ['wait', 'ready']],
    ['line ends that were translated twice', 'one\r\r\ntwo\r\r\n', ['one', '', 'two', '']],
    ['nothing', '', []],
  ])('%s', (_what, text, expected) => {
    expect(cut(Buffer.from(text), size)).toEqual(expected)
  })
})

test('a very long line comes in pieces, and nothing of it is lost', () => {
  const text = 'x'.repeat(200_000)
  const found = cut(Buffer.from(`${text}\nnext\n`), 1000)
  expect(found.at(-1)).toBe('next')
  expect(found.slice(0, -1).join('') === text).toBe(true)
  expect(Math.max(...found.map((line) => line.length))).toBeLessThanOrEqual(65_536)
})

test('bytes that are no text do no harm', () => {
  expect(cut(Buffer.from([0x66, 0xff, 0x66, 0x0a, 0xe6]), 7)).toEqual(['f\uFFFDf', '\uFFFD'])
})
