import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { beforeEach, describe, expect, test } from '@jest/globals'
import { isWhole, made, read } from './read-journal'
import { sealed, useFileLedgers } from './use-file-ledgers'

const ledgers = useFileLedgers()

describe('a journal of twelve lines', () => {
  let header: string
  let lines: string[]

  beforeEach(async () => {
    const ledger = await ledgers.open()
    for (let count = 0; count < 6; count++) {
      await ledger.create('key', `key-${count}`, made(count))
      await ledger.append('key', `key-${count}`, `entry of ${count}`)
    }
    await ledger.close()
    ;[header = '', ...lines] = readFileSync(ledgers.journal, 'utf8').split('\n').slice(0, -1)
  })

  const byteOf = (line: number): number => Buffer.byteLength(`${[header, ...lines].slice(0, line - 1).join('\n')}\n`)
  const at = (...places: readonly number[]) => places.map((line) => ({ line, byte: byteOf(line) }))
  const ALL = [0, 1, 2, 3, 4, 5]

  interface Found {
    readonly places: readonly unknown[]
    readonly lost: number
    readonly orphans?: number
    /** The keys that have their entries, and those that have none. */
    readonly full: readonly number[]
    readonly bare?: readonly number[]
  }

  /** Opens what was changed; afterwards it is whole, has the rest, and can be written to. */
  async function expectOpened(bytes: string | Buffer, { places, lost, orphans = 0, full, bare = [] }: Found) {
    writeFileSync(ledgers.journal, bytes)
    const aside = `${ledgers.journal}.damaged-1`
    const ledger = await ledgers.open()
    if (places.length > 0) {
      expect(ledgers.log).toEqual([
        {
          level: 'error',
          message: expect.stringContaining(`Lost lines: ${lost}.`),
          details: { path: ledgers.journal, places, damaged: places.length, lost, orphans, aside },
        },
      ])
      expect(readFileSync(aside)).toEqual(Buffer.from(bytes))
    } else expect(ledgers.log).toEqual([])
    await ledger.append('key', 'key-9', 'new', { orCreate: made(9) })
    await ledger.close()
    expect(isWhole(await read(readFileSync(ledgers.journal)))).toBe(true)
    const again = await ledgers.open()
    for (const count of full)
      expect(await again.read('key', `key-${count}`)).toEqual({ data: count, log: [`entry of ${count}`], cut: 0 })
    for (const count of bare) expect(await again.read('key', `key-${count}`)).toEqual({ data: count, log: [], cut: 0 })
    expect((await again.list('key')).ids).toHaveLength(full.length + bare.length + 1)
    expect(ledgers.log).toHaveLength(places.length > 0 ? 1 : 0)
    await again.close()
    if (existsSync(aside)) rmSync(aside)
  }

  const text = (changed: readonly string[], first = header): string => [first, ...changed, ''].join('\n')
  const without = (...gone: readonly number[]): string[] => lines.filter((_, index) => !gone.includes(index))
  const withLine = (index: number, line: string): string[] => lines.with(index, line)

  test('and a lost one: the entry of a record', async () => {
    await expectOpened(text(without(3)), { places: at(5), lost: 1, full: [0, 2, 3, 4, 5], bare: [1] })
  })

  test('and a lost one: the record of an entry, which is left out', async () => {
    await expectOpened(text(without(2)), { places: at(4), lost: 1, orphans: 1, full: [0, 2, 3, 4, 5] })
  })

  test('and the first one lost', async () => {
    await expectOpened(text(without(0)), { places: at(2), lost: 1, orphans: 1, full: [1, 2, 3, 4, 5] })
  })

  test('and one that is there twice counts once', async () => {
    const doubled = [...lines.slice(0, 4), lines[3] ?? '', ...lines.slice(4)]
    await expectOpened(text(doubled), { places: at(6), lost: 0, full: ALL })
  })

  test('and some that are there twice count once', async () => {
    const doubled = [...lines, ...lines.slice(0, 4)]
    const byte = Buffer.byteLength(text(lines))
    await expectOpened(text(doubled), { places: [{ line: 14, byte }], lost: 0, full: ALL })
  })

  test.each([
    ['next to each other', 4, 5],
    ['far from each other', 1, 10],
    ['the first and the last', 0, 11],
  ])('and two that are swapped count in their order: %s', async (_, one, other) => {
    const swapped = lines.with(one, lines[other] ?? '').with(other, lines[one] ?? '')
    const { state } = await read(Buffer.from(text(swapped)))
    expect(state).toEqual((await read(Buffer.from(text(lines)))).state)
    writeFileSync(ledgers.journal, text(swapped))
    await (await ledgers.open()).close()
    expect(ledgers.log).toMatchObject([{ level: 'error', details: { lost: 0, orphans: 0 } }])
    rmSync(`${ledgers.journal}.damaged-1`)
  })

  test.each([
    ['zeros', (line: string) => '\0'.repeat(line.length)],
    ['garbage', () => 'what is this'],
    ['nothing', () => ''],
    ['its first half', (line: string) => line.slice(0, line.length / 2)],
    ['its second half', (line: string) => line.slice(line.length / 2)],
    ['itself and more', (line: string) => `${line} `],
    ['the line of a journal of 0.4', (line: string) => line.slice(11)],
    ['zeros and the second half', (line: string) => '\0'.repeat(20) + line.slice(20)],
    ['another checksum', (line: string) => `00000000${line.slice(8)}`],
    ['a checksum in capitals', (line: string) => line.slice(0, 8).toUpperCase() + line.slice(8)],
  ])('and one that is %s', async (name, change) => {
    const changed = change(lines[5] ?? '')
    if (name === 'a checksum in capitals' && changed === lines[5]) return
    await expectOpened(text(withLine(5, changed)), { places: at(7), lost: 1, full: [0, 1, 3, 4, 5], bare: [2] })
  })

  test('and zeros before a line that is whole', async () => {
    const zeros = withLine(5, `${'\0'.repeat(4096)}${lines[5]}`)
    await expectOpened(text(zeros), { places: at(7), lost: 0, full: ALL })
  })

  test('and one that is more than there was', async () => {
    const more = [...lines.slice(0, 5), 'what is this', ...lines.slice(5)]
    await expectOpened(text(more), { places: at(7), lost: 0, full: ALL })
  })

  test('and two places', async () => {
    const two = lines.with(3, '\0\0\0').with(9, 'what')
    const byte = byteOf(11) - (lines[3] ?? '').length + 3
    const places = [...at(5), { line: 11, byte }]
    await expectOpened(text(two), { places, lost: 2, full: [0, 2, 3, 5], bare: [1, 4] })
  })

  test('and the last one damaged', async () => {
    await expectOpened(text(withLine(11, 'what')), { places: at(13), lost: 1, full: [0, 1, 2, 3, 4], bare: [5] })
  })

  test('and a damaged line break at its end', async () => {
    await expectOpened(text(lines).replace(/\n$/, '\v'), { places: at(13), lost: 0, full: ALL })
  })

  test('and a damaged line break in the middle, which makes one line of two', async () => {
    const joined = text(lines).replace(`${lines[4]}\n`, `${lines[4]}J`)
    await expectOpened(joined, { places: at(6), lost: 0, full: ALL })
  })

  test.each([
    ['zeros', () => '\0'.repeat(80)],
    ['garbage', () => 'what is this'],
    ['nothing', () => ''],
    ['of another version', (line: string) => line.replace('"version":2', '"version":3')],
    ['of an older version', (line: string) => line.replace('"version":2', '"version":1')],
    ['of another start', (line: string) => line.replace('"first":1', '"first":3')],
    ['half of it', (line: string) => line.slice(0, 20)],
  ])('and a first line that is %s', async (_, change) => {
    const bytes = text(lines, change(header))
    await expectOpened(bytes, { places: [{ line: 1, byte: 0 }], lost: 0, full: ALL })
  })

  test('and no first line', async () => {
    const { places, state } = await read(Buffer.from(text(lines.slice(1), lines[0])))
    expect(places).toEqual([{ line: 1, byte: 0 }])
    expect([...state.keys()].length).toBe(6)
  })

  test('and the middle cut out', async () => {
    const bytes = Buffer.from(text(lines))
    const [from, to] = [byteOf(4) + 10, byteOf(9) + 10]
    const cut = Buffer.concat([bytes.subarray(0, from), bytes.subarray(to)])
    await expectOpened(cut, { places: at(4), lost: 6, orphans: 0, full: [0, 4, 5] })
  })

  test.each([1, 100, 4096, 1_000_000])('and %i zeros behind it is whole but for a torn line', async (count) => {
    writeFileSync(ledgers.journal, Buffer.concat([Buffer.from(text(lines)), Buffer.alloc(count)]))
    const ledger = await ledgers.open()
    expect((await ledger.list('key')).ids).toHaveLength(6)
    expect(ledgers.log).toMatchObject([{ level: 'warn', details: { bytes: count } }])
    expect(readFileSync(ledgers.journal, 'utf8')).toBe(text(lines))
    expect(existsSync(`${ledgers.journal}.damaged-1`)).toBe(false)
  })

  test('and line breaks of Windows is read, and written again with its own', async () => {
    await expectOpened(text(lines).replaceAll('\n', '\r\n'), { places: [], lost: 0, full: ALL })
    expect(readFileSync(ledgers.journal, 'utf8')).not.toContain('\r')
  })

  test('and one whose line break is of Windows', async () => {
    await expectOpened(text(withLine(3, `${lines[3]}\r`)), { places: [], lost: 0, full: ALL })
  })

  test('and the lines of another journal behind it: a number counts once', async () => {
    const other = sealed(['["create","key","stranger",1,null]', '["append","key","key-0","wrong"]'])
    const byte = Buffer.byteLength(text(lines))
    await expectOpened(`${text(lines)}${header}\n${other}`, { places: [{ line: 14, byte }], lost: 0, full: ALL })
  })
})
