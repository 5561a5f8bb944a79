import { readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import type { Ledger } from '../../lib/base/contracts'
import { until } from '../tunnels/processes'
import { mountDisk, unmountDisk, whyNoDisk } from './use-disk'
import { HOUR, useFileLedgers } from './use-file-ledgers'
import { watchFiles, type WatchedFiles } from './use-files'

const ledgers = useFileLedgers()
let files: WatchedFiles
let ledger: Ledger
let back: number

async function open(sync: 'always' | 'interval' = 'always'): Promise<void> {
  files = watchFiles()
  back = 0
  ledger = await ledgers.open({ files, sync }, { onBack: () => void back++ })
  await ledger.create('key', 'one', { data: 'data', ttlMs: HOUR })
}

const full = { code: 'ERR_STORE_UNAVAILABLE' }

describe.each(['write', 'datasync'] as const)('when %s fails', (action) => {
  beforeEach(() => open())

  test('everything that was to be written is refused, and nothing has happened', async () => {
    const before = readFileSync(ledgers.journal, 'utf8')
    files.failing.set(action, 'ENOSPC')
    const refused = await Promise.allSettled([
      ledger.append('key', 'one', 'first'),
      ledger.append('key', 'one', 'second'),
      ledger.create('key', 'two', { data: null, ttlMs: HOUR }),
      ledger.touch('key', 'one', 0),
    ])
    for (const result of refused)
      expect(result).toMatchObject({
        status: 'rejected',
        reason: {
          ...full,
          message: `Cannot write ${ledgers.journal}: ENOSPC. Make room on its disk; it goes on by itself`,
          cause: { code: 'ENOSPC' },
        },
      })
    expect(readFileSync(ledgers.journal, 'utf8')).toBe(before)
    expect(await ledger.read('key', 'one')).toEqual({ data: 'data', log: [], cut: 0 })
    expect((await ledger.list('key')).ids).toEqual(['one'])
  })

  test('the next operation tries again, and says once that it works', async () => {
    files.failing.set(action, 'EIO')
    for (let time = 0; time < 3; time++) await expect(ledger.append('key', 'one', 'lost')).rejects.toMatchObject(full)
    expect(back).toBe(0)
    files.failing.clear()
    expect(await ledger.append('key', 'one', 'first')).toBe(1)
    expect(await ledger.append('key', 'one', 'second')).toBe(2)
    expect(back).toBe(1)
    expect(ledgers.log.map(({ level, message }) => [level, message])).toEqual([
      ['error', 'The store cannot be written'],
      ['info', 'The store can be written again'],
    ])
    await ledger.close()
    const again = await ledgers.open()
    expect(await again.read('key', 'one')).toEqual({ data: 'data', log: ['first', 'second'], cut: 0 })
  })

  test('what it left is cut away later, when that fails too', async () => {
    const { size } = statSync(ledgers.journal)
    files.failing.set(action, 'EIO').set('truncate', 'EIO')
    await expect(ledger.append('key', 'one', 'x'.repeat(1000))).rejects.toMatchObject(full)
    expect(statSync(ledgers.journal).size).toBeGreaterThan(size)
    files.failing.delete(action)
    files.failing.delete('truncate')
    expect(await ledger.append('key', 'one', 'short')).toBe(1)
    expect(readFileSync(ledgers.journal, 'utf8')).not.toContain('xxx')
    expect(ledgers.lines()).toHaveLength(2)
  })

  test('a record that is due is kept, and dealt with when it works again', async () => {
    await ledger.touch('key', 'one', 1000)
    files.failing.set(action, 'EIO')
    ledgers.clock.advance(1000)
    await until(() => ledgers.log.some(({ level }) => level === 'warn'))
    expect(await ledger.read('key', 'one')).toEqual({ data: 'data', log: [], cut: 0 })
    files.failing.clear()
    ledgers.clock.advance(5000)
    await ledgers.untilGone(ledger, 'key', 'one')
    expect(back).toBe(1)
  })
})

describe('a journal that the disk did not confirm', () => {
  test('is written anew before anything is added', async () => {
    await open()
    await ledger.append('key', 'one', 'kept')
    files.failing.set('datasync', 'EIO')
    await expect(ledger.append('key', 'one', 'lost')).rejects.toMatchObject(full)
    files.failing.clear()
    files.done.length = 0
    expect(await ledger.append('key', 'one', 'next')).toBe(2)
    expect(files.done).toEqual(['open', 'write', 'datasync', 'close', 'rename', 'write', 'datasync'])
    expect(ledgers.lines()).toHaveLength(3)
  })

  test('is written anew at once, with sync: interval, from what was said to have happened', async () => {
    await open('interval')
    await ledger.append('key', 'one', 'said')
    files.failing.set('datasync', 'EIO')
    ledgers.clock.advance(200)
    await until(() => ledgers.log.length > 0)
    expect(ledgers.log[0]).toMatchObject({ level: 'error', message: 'The store cannot be written' })
    await expect(ledger.append('key', 'one', 'lost')).rejects.toMatchObject(full)
    files.failing.clear()
    expect(await ledger.append('key', 'one', 'next')).toBe(2)
    await ledger.close()
    const again = await ledgers.open()
    expect(await again.read('key', 'one')).toEqual({ data: 'data', log: ['said', 'next'], cut: 0 })
  })

  test.each(['open', 'write', 'datasync', 'rename'] as const)('stays refused while %s fails', async (action) => {
    await open()
    files.failing.set('datasync', 'EIO')
    await expect(ledger.append('key', 'one', 'lost')).rejects.toMatchObject(full)
    files.failing.clear()
    files.failing.set(action, 'EROFS')
    for (let time = 0; time < 2; time++)
      await expect(ledger.append('key', 'one', 'lost')).rejects.toThrow('EROFS. Let the user of this process write')
    files.failing.clear()
    expect(await ledger.append('key', 'one', 'next')).toBe(1)
    await ledger.close()
    const again = await ledgers.open()
    expect(await again.read('key', 'one')).toEqual({ data: 'data', log: ['next'], cut: 0 })
  })
})

test('what a handler throws when it works again harms nobody', async () => {
  files = watchFiles()
  ledger = await ledgers.open(
    { files },
    {
      onBack() {
        throw new Error('no')
      },
    },
  )
  files.failing.set('write', 'EIO')
  await expect(ledger.create('key', 'one', { data: null, ttlMs: HOUR })).rejects.toMatchObject(full)
  files.failing.clear()
  await ledger.create('key', 'one', { data: null, ttlMs: HOUR })
  expect(ledgers.log.at(-1)).toMatchObject({ level: 'error', details: { err: { message: 'no' } } })
})

const without = whyNoDisk()
const testDisk = without === undefined ? test : test.skip
const title = (text: string): string => (without === undefined ? text : `${text} (skipped: ${without})`)

describe('a disk that is full', () => {
  let disk: string

  beforeEach(() => {
    disk = join(ledgers.folder, 'disk')
    if (without === undefined) mountDisk(disk, 1)
  })
  afterEach(() => {
    if (without !== undefined) return
    unmountDisk(disk)
  })

  testDisk(title('refuses what does not fit, loses nothing else, and goes on when there is room'), async () => {
    let backs = 0
    const small = await ledgers.open({ path: disk }, { onBack: () => void backs++ })
    const ballast = join(disk, 'ballast')
    writeFileSync(ballast, Buffer.alloc(500_000))
    const kept: string[] = []
    const wanted = [...Array(40).keys()].map((number) => `id-${number}`)
    for (const id of wanted) {
      try {
        await small.create('key', id, { data: 'x'.repeat(30_000), ttlMs: HOUR })
        kept.push(id)
      } catch (error) {
        expect(error).toMatchObject({ code: 'ERR_STORE_UNAVAILABLE', cause: { code: 'ENOSPC' } })
      }
    }
    expect(kept.length).toBeGreaterThan(5)
    expect(kept.length).toBeLessThan(wanted.length)
    rmSync(ballast)
    await small.create('key', 'after', { data: null, ttlMs: HOUR })
    expect(backs).toBe(1)
    await small.close()
    const again = await ledgers.open({ path: disk })
    expect((await again.list('key')).ids).toEqual([...kept, 'after'])
    await again.close()
  })

  testDisk(title('refuses to be opened'), async () => {
    const ballast = join(disk, 'ballast')
    try {
      writeFileSync(ballast, Buffer.alloc(2_000_000))
    } catch {
      // It is full now.
    }
    await expect(ledgers.open({ path: disk })).rejects.toMatchObject({
      code: 'ERR_STORE_UNAVAILABLE',
      cause: { code: 'ENOSPC' },
    })
    rmSync(ballast)
    await (await ledgers.open({ path: disk })).close()
  })
})
