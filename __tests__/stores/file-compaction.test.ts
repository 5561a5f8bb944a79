import { copyFileSync, existsSync, mkdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import type { Ledger } from '../../lib/base/contracts'
import { until } from '../tunnels/processes'
import { HOUR, useFileLedgers } from './use-file-ledgers'
import { watchFiles } from './use-files'

const ledgers = useFileLedgers()
const MEGABYTE = 'x'.repeat(1_000_000)

/** Makes records of one megabyte each, which go at once. */
async function waste(ledger: Ledger, megabytes: number): Promise<void> {
  for (let done = 0; done < megabytes; done++) {
    await ledger.create('mark', 'waste', { data: MEGABYTE, ttlMs: 0 })
    await ledgers.untilGone(ledger, 'mark', 'waste')
  }
}

const sizeOf = (path: string): number => statSync(path).size
const entriesUpTo = (count: number): number[] => [...Array(count).keys()]

async function keep(ledger: Ledger): Promise<void> {
  await ledger.append('run', 'kept', 0, { orCreate: { data: { a: 'ä' }, ttlMs: HOUR } })
  await ledger.append('run', 'kept', 1)
  await ledger.touch('run', 'kept', 2 * HOUR)
}

async function expectKept(ledger: Ledger, count = 2): Promise<void> {
  expect(await ledger.read('run', 'kept')).toEqual({ data: { a: 'ä' }, log: entriesUpTo(count), cut: 0 })
  expect((await ledger.list('mark')).ids).toEqual([])
}

describe('a journal that is mostly of the past', () => {
  test('is written anew when it is opened', async () => {
    const now = ledgers.clock.now()
    const first = await ledgers.open()
    await keep(first)
    await waste(first, 2)
    await first.close()
    expect(sizeOf(ledgers.journal)).toBeGreaterThan(2_000_000)
    const ledger = await ledgers.open()
    expect(ledgers.lines()).toEqual([
      `["create","run","kept",${now + 2 * HOUR},{"a":"ä"}]`,
      '["append","run","kept",0]',
      '["append","run","kept",1]',
    ])
    expect(statSync(ledgers.journal).mode & 0o777).toBe(0o600)
    await expectKept(ledger)
    await ledger.append('run', 'kept', 2)
    await ledger.close()
    await expectKept(await ledgers.open(), 3)
  })

  test('stays as it is when it is opened and small, or mostly of what is there', async () => {
    const files = watchFiles()
    const first = await ledgers.open({ files })
    for (const id of ['a', 'b', 'c']) await first.create('key', id, { data: MEGABYTE, ttlMs: HOUR })
    await first.create('mark', 'gone', { data: null, ttlMs: 0 })
    await first.close()
    files.done.length = 0
    await ledgers.open({ files })
    expect(files.done).not.toContain('rename')
  })

  test('is written anew while it is written to, and loses nothing', async () => {
    const ledger = await ledgers.open()
    await keep(ledger)
    await waste(ledger, 8)
    const before = sizeOf(ledgers.journal)
    expect(before).toBeGreaterThan(8_000_000)
    let count = 2
    const writers = entriesUpTo(20).map(async () => {
      while (sizeOf(ledgers.journal) >= before) await ledger.append('run', 'kept', count++)
    })
    await waste(ledger, 1)
    await Promise.all(writers)
    expect(sizeOf(ledgers.journal)).toBeLessThan(2_000_000)
    await ledger.append('run', 'kept', count++)
    await until(() => !existsSync(join(ledgers.folder, 'journal.compacting')))
    await expectKept(ledger, count)
    await ledger.close()
    await expectKept(await ledgers.open(), count)
  })

  test('is left as it was when that fails, and tried again later', async () => {
    const files = watchFiles()
    const ledger = await ledgers.open({ files })
    await keep(ledger)
    files.failing.set('rename', 'EPERM')
    await waste(ledger, 9)
    await until(() => ledgers.log.length > 0)
    expect(ledgers.log).toMatchObject([{ level: 'warn', details: { err: { code: 'EPERM' } } }])
    await ledger.append('run', 'kept', 2)
    expect(sizeOf(ledgers.journal)).toBeGreaterThan(8_000_000)
    expect(existsSync(join(ledgers.folder, 'journal.compacting'))).toBe(false)
    files.failing.clear()
    await waste(ledger, 9)
    await until(() => sizeOf(ledgers.journal) < 3_000_000)
    await expectKept(ledger, 3)
    await ledger.close()
    await expectKept(await ledgers.open(), 3)
  })

  test('is left as it was when the ledger closes meanwhile', async () => {
    const files = watchFiles()
    const ledger = await ledgers.open({ files })
    await keep(ledger)
    await waste(ledger, 8)
    let closed: Promise<void> | undefined
    files.onStep = (path) => {
      if (path.endsWith('.compacting')) closed ??= ledger.close()
    }
    await ledger.create('mark', 'waste', { data: MEGABYTE, ttlMs: 0 })
    await until(() => closed !== undefined)
    await closed
    expect(sizeOf(ledgers.journal)).toBeGreaterThan(8_000_000)
    const again = await ledgers.open()
    await ledgers.untilGone(again, 'mark', 'waste')
    await expectKept(again)
  })
})

describe('a process that dies while the journal is written anew', () => {
  /** A copy of the files as they were at some step, and how many entries were said to have happened by then. */
  interface Moment {
    readonly folder: string
    readonly count: number
  }

  /** How many steps of other writes are looked at while it goes on, and how many of all after it. */
  const BESIDE = 10
  const AFTER = 10

  test('loses nothing, at whatever step it dies', async () => {
    const files = watchFiles()
    const ledger = await ledgers.open({ files })
    await keep(ledger)
    await ledger.create('key', 'large', { data: MEGABYTE, ttlMs: HOUR })
    await waste(ledger, 8)
    let count = 2
    const moments: Moment[] = []
    let after = 0
    let beside = 0
    files.onStep = (path) => {
      const isThere = existsSync(join(ledgers.folder, 'journal.compacting'))
      if (moments.length === 0 && !isThere) return
      const isOfOthers = !isThere || !path.endsWith('.compacting')
      if (isOfOthers && (isThere ? beside++ > BESIDE : after++ > AFTER)) return
      const folder = join(ledgers.folder, `moment-${moments.length}`)
      mkdirSync(folder)
      for (const name of ['journal', 'journal.compacting'])
        if (existsSync(join(ledgers.folder, name))) copyFileSync(join(ledgers.folder, name), join(folder, name))
      moments.push({ folder, count })
    }
    await ledger.create('mark', 'waste', { data: MEGABYTE, ttlMs: HOUR })
    while (after <= AFTER) {
      const length = await ledger.append('run', 'kept', count)
      expect(length).toBe(count + 1)
      count++
    }
    await ledger.close()
    expect(sizeOf(ledgers.journal)).toBeLessThan(8_000_000)
    const leftovers = moments.filter(({ folder }) => existsSync(join(folder, 'journal.compacting')))
    expect(leftovers.length).toBeGreaterThan(3)
    expect(leftovers.length).toBeLessThan(moments.length - 5)

    for (const { folder, count: said } of moments) {
      const survivor = await ledgers.open({ path: folder })
      const log = (await survivor.read('run', 'kept'))?.log ?? []
      expect(log.length).toBeGreaterThanOrEqual(said)
      expect(log).toEqual(entriesUpTo(log.length))
      expect((await survivor.list('key')).ids).toEqual(['large'])
      expect(existsSync(join(folder, 'journal.compacting'))).toBe(false)
      await survivor.close()
      rmSync(folder, { recursive: true })
    }
  })

  test('leaves nothing behind for long', async () => {
    const first = await ledgers.open()
    await keep(first)
    await first.close()
    for (const name of ['journal.compacting', 'journal.rewriting']) writeFileSync(join(ledgers.folder, name), 'half a ')
    await expectKept(await ledgers.open())
    for (const name of ['journal.compacting', 'journal.rewriting'])
      expect(existsSync(join(ledgers.folder, name))).toBe(false)
  })
})
