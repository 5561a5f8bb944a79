import { mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import { until } from '../tunnels/processes'
import { HOUR, headerOf, sealed, useFileLedgers } from './use-file-ledgers'
import { watchFiles } from './use-files'

const ledgers = useFileLedgers()
const HEADER = headerOf()

async function writeSome(): Promise<void> {
  const ledger = await ledgers.open()
  await ledger.append('key', 'one', 'entry', { orCreate: { data: { a: 1 }, ttlMs: HOUR } })
  await ledger.append('key', 'one', 'ä😀', { orCreate: { data: 'left out', ttlMs: HOUR } })
  await ledger.touch('key', 'one', 2 * HOUR)
  await ledger.create('run', 'two', { data: null, ttlMs: HOUR })
  await ledger.close()
}

describe('a journal', () => {
  test('has one line for each operation', async () => {
    const now = ledgers.clock.now()
    await writeSome()
    const ledger = await ledgers.open()
    await ledger.touch('run', 'two', 0)
    ledgers.clock.advance(1)
    await until(() => ledgers.lines().length === 6)
    const texts = [
      `["append","key","one","entry",${now + HOUR},{"a":1}]`,
      '["append","key","one","ä😀"]',
      `["touch","key","one",${now + 2 * HOUR}]`,
      `["create","run","two",${now + HOUR},null]`,
      `["touch","run","two",${now}]`,
      '["remove","run","two"]',
    ]
    expect(readFileSync(ledgers.journal, 'utf8')).toBe(`${HEADER}\n${sealed(texts)}`)
  })

  test('has no line for a record that is there already', async () => {
    const ledger = await ledgers.open()
    for (let time = 0; time < 3; time++) await ledger.create('key', 'one', { data: time, ttlMs: HOUR })
    expect(ledgers.lines()).toHaveLength(1)
  })

  test('can be read by the user of the process alone', async () => {
    const path = join(ledgers.folder, 'not', 'there')
    const ledger = await ledgers.open({ path })
    expect(statSync(path).mode & 0o777).toBe(0o700)
    expect(statSync(join(path, 'journal')).mode & 0o777).toBe(0o600)
    await ledger.close()
    rmSync(join(ledgers.folder, 'not'), { recursive: true })
  })

  test('keeps a time that JSON cannot say', async () => {
    const first = await ledgers.open()
    await first.create('key', 'never', { data: null, ttlMs: Infinity })
    await first.create('key', 'now', { data: null, ttlMs: NaN })
    await first.close()
    const ledger = await ledgers.open()
    expect(await ledger.read('key', 'never')).toEqual({ data: null, log: [], cut: 0 })
  })

  test('refuses what JSON cannot say, and goes on', async () => {
    const ledger = await ledgers.open()
    await ledger.create('key', 'one', { data: null, ttlMs: HOUR })
    await expect(ledger.append('key', 'one', 1n)).rejects.toThrow(TypeError)
    expect(await ledger.append('key', 'one', undefined)).toBe(1)
    expect(await ledger.read('key', 'one')).toEqual({ data: null, log: [null], cut: 0 })
  })
})

describe('what is written', () => {
  test('at the same time costs one write and one sync', async () => {
    const files = watchFiles()
    const ledger = await ledgers.open({ files })
    files.done.length = 0
    const ids = [...Array(300).keys()].map((number) => `id-${number}`)
    await Promise.all(ids.map((id) => ledger.append('key', id, id, { orCreate: { data: id, ttlMs: HOUR } })))
    expect(files.done).toEqual(['write', 'datasync'])
  })

  test('while a write is under way goes out with the next one', async () => {
    const files = watchFiles()
    const ledger = await ledgers.open({ files })
    files.done.length = 0
    const late: Promise<number>[] = []
    files.onStep = () => {
      if (late.length < 10)
        late.push(ledger.append('key', 'one', late.length, { orCreate: { data: null, ttlMs: HOUR } }))
    }
    expect(await ledger.append('key', 'one', 'first', { orCreate: { data: null, ttlMs: HOUR } })).toBe(1)
    await Promise.all(late)
    await until(() => late.length === 10)
    expect(await Promise.all(late)).toEqual([2, 3, 4, 5, 6, 7, 8, 9, 10, 11])
    expect(files.done.length).toBeLessThan(10)
  })

  test('has not happened before it is synced', async () => {
    const files = watchFiles()
    const ledger = await ledgers.open({ files })
    files.done.length = 0
    const seen: unknown[] = []
    files.onStep = () => void ledger.read('key', 'one').then((record) => seen.push(record))
    await ledger.create('key', 'one', { data: 'done', ttlMs: HOUR })
    files.onStep = () => undefined
    expect(seen).toEqual([undefined, undefined, undefined, undefined])
    expect(await ledger.read('key', 'one')).toEqual({ data: 'done', log: [], cut: 0 })
  })

  test('in large pieces goes out in several writes', async () => {
    const files = watchFiles()
    const ledger = await ledgers.open({ files })
    files.done.length = 0
    const data = 'x'.repeat(3_000_000)
    await Promise.all(['a', 'b', 'c', 'd'].map((id) => ledger.create('key', id, { data, ttlMs: HOUR })))
    expect(files.done.filter((action) => action === 'write')).toHaveLength(2)
    await ledger.close()
    const again = await ledgers.open()
    expect((await again.list('key')).ids.toSorted()).toEqual(['a', 'b', 'c', 'd'])
    expect(await again.read('key', 'd')).toEqual({ data, log: [], cut: 0 })
  })

  describe('with sync: interval', () => {
    test('is said to have happened before it is synced, which happens after 0.2 s, once for all', async () => {
      const files = watchFiles()
      const ledger = await ledgers.open({ files, sync: 'interval' })
      files.done.length = 0
      for (const id of ['a', 'b', 'c']) await ledger.create('key', id, { data: null, ttlMs: HOUR })
      expect(files.done).toEqual(['write', 'write', 'write'])
      ledgers.clock.advance(199)
      ledgers.clock.advance(1)
      await until(() => files.done.length === 4)
      expect(files.done.at(-1)).toBe('datasync')
      await ledger.create('key', 'd', { data: null, ttlMs: HOUR })
      ledgers.clock.advance(200)
      await until(() => files.done.length === 6)
      expect(files.done.slice(4)).toEqual(['write', 'datasync'])
    })

    test('is synced when it closes', async () => {
      const files = watchFiles()
      const ledger = await ledgers.open({ files, sync: 'interval' })
      await ledger.create('key', 'a', { data: null, ttlMs: HOUR })
      files.done.length = 0
      await ledger.close()
      expect(files.done).toEqual(['datasync', 'close'])
    })
  })
})

describe('a journal whose last line is not whole', () => {
  test.each([
    ['an append', 3],
    ['a creation', 5],
  ])('is read up to it, wherever it ends: %s', async (_, count) => {
    await writeSome()
    const lines = readFileSync(ledgers.journal, 'utf8').split('\n').slice(0, count)
    const before = Buffer.from(`${lines.slice(0, -1).join('\n')}\n`)
    const last = Buffer.from(`${lines.at(-1)}\n`)
    for (let size = 0; size < last.length; size++) {
      writeFileSync(ledgers.journal, Buffer.concat([before, last.subarray(0, size)]))
      const ledger = await ledgers.open()
      expect(statSync(ledgers.journal).size).toBe(before.length)
      expect((await ledger.list('run')).ids).toEqual([])
      expect(await ledger.append('key', 'one', 'next')).toBe(count === 3 ? 2 : 3)
      await ledger.close()
      expect(readFileSync(ledgers.journal, 'utf8')).toBe(
        before.toString() + sealed(['["append","key","one","next"]'], count - 1),
      )
    }
    expect(ledgers.log).toHaveLength(last.length - 1)
    expect(ledgers.log[0]).toMatchObject({ level: 'warn', details: { path: ledgers.journal, bytes: 1 } })
  })

  test('is read up to what the disk never wrote', async () => {
    await writeSome()
    const whole = readFileSync(ledgers.journal)
    writeFileSync(ledgers.journal, Buffer.concat([whole, Buffer.alloc(100_000)]))
    const ledger = await ledgers.open()
    expect((await ledger.list('run')).ids).toEqual(['two'])
    expect(readFileSync(ledgers.journal)).toEqual(whole)
  })
})

describe('a journal is refused', () => {
  test.each([
    ['text', 'what is this'],
    ['nothing', ''],
    ['half a line', '["append","key","one","en'],
    ['another operation', '["rename","key","one"]'],
    ['another kind', '["remove","keys","one"]'],
    ['another id', '["remove","key",1]'],
    ['a removal with more', '["remove","key","one",1,2]'],
    ['a removal at no position', '["remove","key","one",-1]'],
    ['a claim without a mark', '["claim","key","one","entry",1,2,3]'],
    ['a claim with half a record', '["claim","key","one","entry","mark",2,3]'],
    ['a cut without a position', '["cut","key","one","entry"]'],
    ['a cut without an entry', '["cut","key","one",1]'],
    ['a move to no group', '["move","key","one",1,"entry"]'],
    ['a creation in no group', '["create","key","one",1,null,2]'],
    ['a creation that was cut at no position', '["create","key","one",1,null,"a",-1]'],
    ['a time that is none', '["touch","key","one","soon"]'],
    ['no time', '["touch","key","one"]'],
    ['a creation without data', '["create","key","one",1]'],
    ['an append without an entry', '["append","key","one"]'],
    ['an append with half a record', '["append","key","one","entry",1]'],
    ['an object', '{"remove":"key"}'],
  ])('for %s in the middle', async (_, line) => {
    await writeSome()
    const texts = ledgers.lines()
    const text = `${HEADER}\n${sealed([...texts.slice(0, 2), line, ...texts.slice(2)])}`
    writeFileSync(ledgers.journal, text)
    await expect(ledgers.open()).rejects.toMatchObject({
      code: 'ERR_STORE_UNAVAILABLE',
      message:
        `${ledgers.journal}:4 is whole, but this version of express-callbacks does not know what it says. Install the ` +
        'version that wrote it, or put back a copy of the file, or move it away to start with nothing',
    })
    expect(readFileSync(ledgers.journal, 'utf8')).toBe(text)
  })

  test.each([
    ['a newer format', HEADER.replace('2', '3'), 'was written by a newer version of express-callbacks'],
    ['a newer format whose check is right', headerOf({ version: 3 }), 'was written by a newer version'],
    ['a newer format without a check', '{"format":"express-callbacks journal","version":3}', 'was written by a newer'],
    ['a file of somebody else', '{"name":"package"}', 'is not the start of a journal'],
    ['text of somebody else', 'Dear diary,', 'is not the start of a journal'],
    ['a format without a version', HEADER.replace('2', '"2"'), 'is not the start of a journal'],
  ])('for %s', async (_, line, message) => {
    for (const text of [`${line}\n`, `${line}\n["remove","key","one"]\n`]) {
      writeFileSync(ledgers.journal, text)
      const opening = ledgers.open()
      await expect(opening).rejects.toMatchObject({ code: 'ERR_STORE_UNAVAILABLE' })
      await expect(opening).rejects.toThrow(`${ledgers.journal}:1 ${message}`)
      expect(readFileSync(ledgers.journal, 'utf8')).toBe(text)
    }
  })

  test('for text of somebody else without a line break', async () => {
    writeFileSync(ledgers.journal, 'Dear diary')
    await expect(ledgers.open()).rejects.toThrow('is not the start of a journal')
    expect(readFileSync(ledgers.journal, 'utf8')).toBe('Dear diary')
  })

  test('for a folder in its place, and for a file in the place of its folder', async () => {
    mkdirSync(ledgers.journal)
    await expect(ledgers.open()).rejects.toMatchObject({
      code: 'ERR_STORE_UNAVAILABLE',
      message: `Cannot open ${ledgers.journal}: EISDIR. Check the disk that it is on`,
    })
    rmSync(ledgers.journal, { recursive: true })
    writeFileSync(ledgers.journal, '')
    for (const path of [ledgers.journal, join(ledgers.journal, 'below')])
      await expect(ledgers.open({ path })).rejects.toThrow('store.path must be a folder')
    const path = relative('', ledgers.journal)
    await expect(ledgers.open({ path })).rejects.toThrow(`Cannot open ${ledgers.journal}: EEXIST`)
  })

  test('and may be opened once it is mended', async () => {
    writeFileSync(ledgers.journal, 'Dear diary\n')
    const ledger = ledgers.create()
    const handlers = {
      onDue: async () => ({ remove: true }) as const,
      onMessage: () => undefined,
      onBack: () => undefined,
    }
    await expect(ledger.open(handlers)).rejects.toThrow('is not the start of a journal')
    await expect(ledger.list('key')).rejects.toMatchObject({ code: 'ERR_CLOSED' })
    writeFileSync(ledgers.journal, '')
    await ledger.open(handlers)
    expect((await ledger.list('key')).ids).toEqual([])
  })
})
