import { existsSync, linkSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { beforeEach, describe, expect, test } from '@jest/globals'
import { isWhole, read, writeAll } from './read-journal'
import { useFileLedgers } from './use-file-ledgers'
import { watchFiles } from './use-files'

const ledgers = useFileLedgers()

describe('a journal of nothing', () => {
  test('is opened when it is empty', async () => {
    writeFileSync(ledgers.journal, '')
    const ledger = await ledgers.open()
    expect((await ledger.list('key')).ids).toEqual([])
    expect(ledgers.log).toEqual([])
  })

  test.each([1, 100, 3_000_000])('but %i zeros is opened, kept aside, and told of', async (count) => {
    writeFileSync(ledgers.journal, Buffer.alloc(count))
    const ledger = await ledgers.open()
    expect((await ledger.list('key')).ids).toEqual([])
    expect(ledgers.log).toMatchObject([{ level: 'error', details: { places: [{ line: 1, byte: 0 }] } }])
    const aside = `${ledgers.journal}.damaged-1`
    expect(readFileSync(aside).equals(Buffer.alloc(count))).toBe(true)
    rmSync(aside)
  })
})

describe('a damaged journal is kept aside', () => {
  const damaged = (number: number): string => `${ledgers.journal}.damaged-${number}`
  const open = async (text: string): Promise<void> => {
    writeFileSync(ledgers.journal, `${readFileSync(ledgers.journal, 'utf8')}${text}\n`)
    await (await ledgers.open()).close()
  }

  beforeEach(async () => {
    const ledger = await ledgers.open()
    await writeAll(ledger, ledgers)
    await ledger.close()
  })

  test('each time, under the next number, for its user alone', async () => {
    for (const text of ['first', 'second', 'third']) await open(text)
    for (const [number, text] of ['first', 'second', 'third'].entries()) {
      expect(readFileSync(damaged(number + 1), 'utf8')).toContain(text)
      expect(statSync(damaged(number + 1)).mode & 0o777).toBe(0o600)
      rmSync(damaged(number + 1))
    }
    expect(readFileSync(ledgers.journal, 'utf8')).not.toMatch(/first\n|second|third/)
  })

  test('once when a process dies before the journal is written again', async () => {
    writeFileSync(ledgers.journal, `${readFileSync(ledgers.journal, 'utf8')}what\n`)
    linkSync(ledgers.journal, damaged(1))
    await (await ledgers.open()).close()
    expect(existsSync(damaged(2))).toBe(false)
    rmSync(damaged(1))
  })

  test('before anything else is done: when it cannot be, nothing is changed', async () => {
    const bytes = `${readFileSync(ledgers.journal, 'utf8')}what\n`
    writeFileSync(ledgers.journal, bytes)
    const files = watchFiles()
    files.failing.set('rename', 'EIO')
    await expect(ledgers.open({ files })).rejects.toMatchObject({ code: 'ERR_STORE_UNAVAILABLE' })
    expect(readFileSync(ledgers.journal, 'utf8')).toBe(bytes)
    await ledgers.open()
    rmSync(damaged(1))
  })
})

describe('a journal of 0.4, which has no checksums', () => {
  const OLD = '{"format":"express-callbacks journal","version":1}'
  const LINES = [
    '["create","key","one",4102444800000,1]',
    '["append","key","one","a"]',
    '["create","key","two",4102444800000,2]',
  ]

  test.each([
    ['zeros', '\0\0\0\0'],
    ['garbage', 'what is this'],
    ['nothing', ''],
    ['half a line', '["append","key","o'],
  ])('is read behind a line that is %s', async (_, line) => {
    writeFileSync(ledgers.journal, [OLD, LINES[0], line, LINES[1], LINES[2], ''].join('\n'))
    const ledger = await ledgers.open()
    expect(await ledger.read('key', 'one')).toEqual({ data: 1, log: ['a'], cut: 0 })
    expect(await ledger.read('key', 'two')).toEqual({ data: 2, log: [], cut: 0 })
    const byte = `${OLD}\n${LINES[0]}\n`.length
    expect(ledgers.log).toMatchObject([{ level: 'error', details: { places: [{ line: 3, byte }], lost: 1 } }])
    expect(ledgers.lines()).toEqual([LINES[0], LINES[1], LINES[2]])
    rmSync(`${ledgers.journal}.damaged-1`)
  })

  test('is written again with checksums', async () => {
    writeFileSync(ledgers.journal, [OLD, ...LINES, ''].join('\n'))
    await ledgers.open()
    expect(isWhole(await read(readFileSync(ledgers.journal)))).toBe(true)
    expect(ledgers.lines()).toEqual(LINES)
    expect(ledgers.log).toEqual([])
  })
})
