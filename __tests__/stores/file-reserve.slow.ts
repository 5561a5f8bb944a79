import { existsSync, readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { nameThisProcess } from '../../adapters/stores/file/lock/process'
import type { Ledger } from '../../lib/base/contracts'
import { until } from '../tunnels/processes'
import { fillDisk, mountDisk, unmountDisk, whyNoDisk } from './use-disk'
import { HOUR, useFileLedgers } from './use-file-ledgers'
import { watchFiles } from './use-files'

const ledgers = useFileLedgers()
const MEGABYTE = 1024 * 1024
const full = { code: 'ERR_STORE_UNAVAILABLE', cause: { code: 'ENOSPC' } }

describe('the reserve', () => {
  const reserve = (): string => join(ledgers.folder, 'reserve')

  test('is a file of one megabyte that is really written, for its user alone, and stays', async () => {
    const ledger = await ledgers.open()
    const { size, blocks, mode } = statSync(reserve())
    expect(size).toBe(MEGABYTE)
    expect(blocks * 512).toBeGreaterThanOrEqual(MEGABYTE)
    expect(mode & 0o777).toBe(0o600)
    await ledger.close()
    expect(statSync(reserve()).size).toBe(MEGABYTE)
  })

  test.each([
    ['missing', () => rmSync(reserve())],
    ['short', () => truncateSync(reserve(), 5000)],
  ])('is made whole when it is %s and the store is opened', async (_, spoil) => {
    await (await ledgers.open()).close()
    spoil()
    await ledgers.open()
    expect(statSync(reserve()).size).toBe(MEGABYTE)
  })

  test('is given up when the disk is full and the journal is mostly of the past, and taken back', async () => {
    const files = watchFiles()
    const ledger = await ledgers.open({ files })
    for (let count = 0; count < 5; count++) {
      await ledger.create('mark', 'waste', { data: 'x'.repeat(30_000), ttlMs: 0 })
      await ledgers.untilGone(ledger, 'mark', 'waste')
    }
    const seen: boolean[] = []
    files.onStep = () => void seen.push(existsSync(reserve()))
    files.failing.set('write', 'ENOSPC')
    await expect(ledger.create('key', 'one', { data: 1, ttlMs: HOUR })).rejects.toMatchObject(full)
    files.failing.clear()
    expect(seen).toContain(false)
    expect(statSync(reserve()).size).toBe(MEGABYTE)
    await ledger.create('key', 'one', { data: 1, ttlMs: HOUR })
  })
})

const without = whyNoDisk()
const testDisk = without === undefined ? test : test.skip
const title = (text: string): string => (without === undefined ? text : `${text} (skipped: ${without})`)

describe('on a disk of 24 MB', () => {
  let disk: string
  let backs = 0

  beforeEach(() => {
    disk = join(ledgers.folder, 'disk')
    backs = 0
    if (without === undefined) mountDisk(disk, 24)
  })
  afterEach(() => {
    if (without === undefined) unmountDisk(disk)
  })

  const open = (): Promise<Ledger> => ledgers.open({ path: disk }, { onBack: () => void backs++ })
  const sizeOf = (name: string): number => statSync(join(disk, name)).size

  /** Creates records until none fits any more; returns how many there are. */
  async function park(ledger: Ledger, ttlMs: (count: number) => number): Promise<number> {
    for (let count = 0; ; count++)
      try {
        await ledger.create('key', `key-${count}`, { data: 'x'.repeat(2000), ttlMs: ttlMs(count) })
      } catch (error) {
        expect(error).toMatchObject(full)
        return count
      }
  }

  const keysOf = async (ledger: Ledger): Promise<number> => (await ledger.list('key', { limit: 100_000 })).ids.length

  async function untilKeys(ledger: Ledger, count: number): Promise<void> {
    let left = await keysOf(ledger)
    await until(() => {
      ledgers.clock.advance(0)
      void keysOf(ledger).then((keys) => (left = keys))
      return left === count
    })
  }

  testDisk(title('goes on by itself when everything that fills it has expired'), async () => {
    const ledger = await open()
    const count = await park(ledger, () => 1000)
    expect(count).toBeGreaterThan(9000)
    ledgers.clock.advance(1000)
    await untilKeys(ledger, 0)
    await ledger.create('key', 'after', { data: 1, ttlMs: HOUR })
    expect(sizeOf('journal')).toBeLessThan(MEGABYTE)
    expect(backs).toBe(1)
    await ledger.close()
    expect(sizeOf('reserve')).toBe(MEGABYTE)
    const again = await open()
    expect((await again.list('key')).ids).toEqual(['after'])
    await again.close()
  })

  testDisk(title('refuses while what is left is larger than the reserve, and goes on when it is not'), async () => {
    const ledger = await open()
    await park(ledger, (count) => (count % 2 === 0 ? 1000 : 2000))
    const half = Math.floor((await keysOf(ledger)) / 2)
    ledgers.clock.advance(1000)
    await untilKeys(ledger, half)
    expect(sizeOf('reserve')).toBe(MEGABYTE)
    ledgers.clock.advance(1000)
    await untilKeys(ledger, 0)
    await ledger.create('key', 'after', { data: 1, ttlMs: HOUR })
    expect(sizeOf('journal')).toBeLessThan(MEGABYTE)
    await ledger.close()
  })

  testDisk(title('is opened again by the next process, and goes on when everything has expired'), async () => {
    const first = await open()
    const count = await park(first, () => 1000)
    await first.close()
    writeFileSync(join(disk, 'lock-0'), JSON.stringify({ ...(await nameThisProcess()), start: '1', holds: 1 }))
    const other = join(disk, 'other')
    fillDisk(other)
    const ledger = await open()
    expect(await keysOf(ledger)).toBe(count)
    ledgers.clock.advance(1000)
    await untilKeys(ledger, 0)
    await ledger.create('key', 'after', { data: 1, ttlMs: HOUR })
    expect((await ledger.list('key')).ids).toEqual(['after'])
    await ledger.close()
    expect(readdirSync(disk).toSorted()).toEqual(['journal', 'other', 'reserve'])
  })

  testDisk(title('keeps the reserve for itself: callbacks do not use it up'), async () => {
    const ledger = await open()
    await ledger.create('key', 'one', { data: 1, ttlMs: HOUR })
    const other = join(disk, 'other')
    fillDisk(other)
    const before = readFileSync(join(disk, 'journal'), 'utf8')
    for (let time = 0; time < 20; time++)
      await expect(ledger.create('key', `key-${time}`, { data: 'x'.repeat(9000), ttlMs: HOUR })).rejects.toMatchObject(
        full,
      )
    expect(readFileSync(join(disk, 'journal'), 'utf8')).toBe(before)
    expect(sizeOf('reserve')).toBe(MEGABYTE)
    rmSync(other)
    await ledger.create('key', 'after', { data: 1, ttlMs: HOUR })
    expect(backs).toBe(1)
    await ledger.close()
  })

  testDisk(title('can be opened again and again while it is full'), async () => {
    const first = await open()
    await first.create('key', 'one', { data: 1, ttlMs: HOUR })
    await first.close()
    fillDisk(join(disk, 'other'))
    for (let time = 0; time < 30; time++) {
      const ledger = await open()
      expect((await ledger.list('key')).ids).toEqual(['one'])
      await ledger.close()
    }
  })
})
