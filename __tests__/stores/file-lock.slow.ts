import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { lives, nameThisProcess, type ProcessName } from '../../adapters/stores/file/lock/process'
import type { Ledger } from '../../lib/base/contracts'
import { until } from '../tunnels/processes'
import { HOUR, useFileLedgers } from './use-file-ledgers'
import { watchFiles } from './use-files'
import { useWriters } from './use-writers'

const ledgers = useFileLedgers()
const startWriter = useWriters()
let self: ProcessName

beforeEach(async () => {
  self = await nameThisProcess()
})

const locks = (): string[] => readdirSync(ledgers.folder).filter((name) => name.startsWith('lock-'))

/** Puts a lock there, as another process would; low names go first. */
function putLock(owner: Partial<ProcessName> | string, { name = 'lock-0', holds = 1, agoMs = 0 } = {}): string {
  const path = join(ledgers.folder, name)
  writeFileSync(path, typeof owner === 'string' ? owner : JSON.stringify({ ...self, ...owner, holds }))
  refresh(path, agoMs)
  return path
}

function refresh(path: string, agoMs = 0): void {
  const seconds = (ledgers.clock.now() - agoMs) / 1000
  utimesSync(path, seconds, seconds)
}

/** Lets time pass until a promise settles; gives how long that took. */
async function settle(promise: Promise<unknown>): Promise<number> {
  let isSettled = false
  const done = promise.then(
    () => (isSettled = true),
    () => (isSettled = true),
  )
  const start = ledgers.clock.now()
  await until(() => {
    if (!isSettled) ledgers.clock.advance(100)
    return isSettled
  })
  await done
  return ledgers.clock.now() - start
}

describe('a folder in use', () => {
  test('by this process is refused', async () => {
    const ledger = await ledgers.open()
    await expect(ledgers.open()).rejects.toMatchObject({
      code: 'ERR_STORE_UNAVAILABLE',
      message:
        `The folder ${ledgers.folder} is in use by this process (${process.pid}) already: ` +
        'give every store a store.path of its own',
    })
    expect(locks()).toHaveLength(1)
    await ledger.close()
    expect(locks()).toEqual([])
    await ledgers.open()
  })

  test('by another process is refused, and free at once when that is killed (needs dist)', async () => {
    const writer = await startWriter(ledgers.folder, 'always')
    await expect(ledgers.open()).rejects.toMatchObject({
      code: 'ERR_STORE_UNAVAILABLE',
      message:
        `The folder ${ledgers.folder} is in use by the process ${writer.pid}: stop it first, or choose another ` +
        'store.path. Several processes can share a store of the type redis or postgres',
    })
    await writer.kill()
    expect(locks()).toHaveLength(1)
    const ledger = await ledgers.open()
    expect(locks()).toHaveLength(1)
    await ledger.create('key', 'one', { data: null, ttlMs: HOUR })
  })

  test('is named by a file that says who has it', async () => {
    await ledgers.open()
    const [name = ''] = locks()
    const path = join(ledgers.folder, name)
    expect(JSON.parse(readFileSync(path, 'utf8'))).toEqual({ ...self, holds: 1 })
    expect(self).toMatchObject({ pid: process.pid, host: hostname() })
    expect(statSync(path).mode & 0o777).toBe(0o600)
  })

  test('by many who ask at the same time goes to one of them', async () => {
    putLock({ start: 'long ago' })
    const asked = [...Array(6).keys()].map(() => ledgers.open())
    await settle(Promise.allSettled(asked))
    const results = await Promise.allSettled(asked)
    expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    expect(locks()).toHaveLength(1)
    for (const result of results)
      if (result.status === 'rejected') expect(result.reason).toMatchObject({ code: 'ERR_STORE_UNAVAILABLE' })
  })
})

describe('the lock of a process that is dead counts no more', () => {
  test('when nobody has its pid', async () => {
    const child = spawn(process.execPath, ['--version'])
    await once(child, 'close')
    const path = putLock({ pid: child.pid ?? -1, start: '1' })
    await ledgers.open()
    expect(existsSync(path)).toBe(false)
  })

  const onLinux = process.platform === 'linux' ? test : test.skip

  onLinux('when its pid is in use again (Linux only)', async () => {
    const path = putLock({ start: '1' })
    await ledgers.open()
    expect(existsSync(path)).toBe(false)
  })

  onLinux('when nobody has taken note of its end (Linux only)', async () => {
    // The shell makes way for a program that knows nothing of its child.
    const parent = spawn('/bin/sh', ['-c', 'sleep 0 & echo $!; exec sleep 60'])
    const [chunk]: unknown[] = await once(parent.stdout, 'data')
    const pid = Number(String(chunk))
    await until(() => readFileSync(`/proc/${pid}/stat`, 'utf8').includes(') Z '))
    expect(await lives({ ...self, pid, start: '' })).toBe(false)
    parent.kill('SIGKILL')
    await once(parent, 'close')
  })

  test('which is told by the pid alone where there is nothing else', async () => {
    expect(await lives({ ...self, start: '' })).toBe(true)
    expect(await lives(self)).toBe(true)
    expect(await lives({ ...self, pid: 2 ** 22 + 1 })).toBe(false)
  })
})

describe.each([
  ['on another host', { host: 'other' }],
  ['in another container of the same host name', { scope: 'other' }],
])('the lock of a process %s', (_, owner) => {
  let path: string
  afterEach(() => rmSync(path, { force: true }))

  test.each([
    ['now', 0],
    ['a while ago', 5000],
    ['long ago', 30 * 24 * HOUR],
    ['in an hour', -HOUR],
    ['in a year', -365 * 24 * HOUR],
  ])('is watched for 20 seconds without a heartbeat, and told of: its time is %s', async (__, agoMs) => {
    path = putLock({ ...owner, pid: 77 }, { agoMs })
    const opening = ledgers.open()
    const tookMs = await settle(opening)
    expect(tookMs).toBeGreaterThanOrEqual(20_000)
    expect(tookMs).toBeLessThan(25_000)
    await opening
    expect(existsSync(path)).toBe(false)
    expect(ledgers.log).toEqual([
      {
        level: 'warn',
        message:
          `The store waits for the lock ${path} of the process 77 on the host ${'host' in owner ? 'other' : hostname()}. ` +
          'Whether that one lives cannot be seen from here; when its lock does not change for 20 seconds, it counts as ' +
          'dead. If it has ended, remove the file to go on at once',
        details: { path, pid: 77, host: 'host' in owner ? 'other' : hostname() },
      },
    ])
  })

  test.each([
    ['forward by an hour', HOUR],
    ['back by an hour', -HOUR],
    ['back by a day', -24 * HOUR],
  ])('is watched as long when our own clock is set %s', async (__, byMs) => {
    path = putLock(owner)
    let setBy = 0
    const clock = { ...ledgers.clock, now: () => ledgers.clock.now() + setBy }
    const opening = ledgers.open({ clock })
    await until(() => ledgers.clock.timers === 2)
    setBy = byMs
    const tookMs = await settle(opening)
    expect(tookMs).toBeGreaterThanOrEqual(19_000)
    expect(tookMs).toBeLessThan(25_000)
    await opening
  })

  test('may be removed by hand to go on at once', async () => {
    path = putLock(owner)
    const opening = ledgers.open()
    await until(() => ledgers.clock.timers === 2)
    rmSync(path)
    expect(await settle(opening)).toBeLessThan(5000)
    await opening
  })

  test('is respected when a heartbeat sets its time back', async () => {
    path = putLock({ ...owner, pid: 77 }, { agoMs: -HOUR })
    const opening = ledgers.open()
    opening.catch(() => undefined)
    await until(() => locks().length === 2 && ledgers.clock.timers === 2)
    refresh(path, HOUR)
    await settle(opening)
    await expect(opening).rejects.toThrow('is in use by the process 77')
  })

  test('is respected once it is refreshed', async () => {
    path = putLock({ ...owner, pid: 77 }, { agoMs: 3000 })
    const opening = ledgers.open()
    opening.catch(() => undefined)
    await until(() => locks().length === 2 && ledgers.clock.timers === 2)
    refresh(path)
    await settle(opening)
    await expect(opening).rejects.toMatchObject({ code: 'ERR_STORE_UNAVAILABLE' })
    await expect(opening).rejects.toThrow(`is in use by the process 77${'host' in owner ? ' on the host other' : ''}`)
    expect(locks()).toEqual(['lock-0'])
  })

  test('goes first when it asks at the same time, has the lower name, and shows that it lives', async () => {
    path = putLock({ ...owner, pid: 77 }, { holds: 0 })
    const opening = ledgers.open()
    opening.catch(() => undefined)
    await until(() => locks().length === 2 && ledgers.clock.timers === 2)
    refresh(path, -1)
    await settle(opening)
    await expect(opening).rejects.toThrow('is in use by the process 77')
  })

  test('that only asks counts no more after 20 seconds without a heartbeat', async () => {
    path = putLock(owner, { holds: 0 })
    const opening = ledgers.open()
    expect(await settle(opening)).toBeLessThan(25_000)
    await opening
  })

  test('gives way when it asks at the same time and has the higher name', async () => {
    path = putLock(owner, { name: 'lock-z', holds: 0 })
    const opening = ledgers.open()
    await until(() => ledgers.clock.timers === 2)
    rmSync(path)
    await settle(opening)
    await opening
  })
})

describe('a lock', () => {
  test('that nobody has written yet is waited for', async () => {
    const path = putLock('')
    const opening = ledgers.open()
    opening.catch(() => undefined)
    await until(() => ledgers.clock.timers === 2)
    putLock({ pid: process.pid })
    await settle(opening)
    await expect(opening).rejects.toThrow('is in use by this process')
    rmSync(path)
  })

  test('is not waited for any more once the ledger closes', async () => {
    const path = putLock({ host: 'other' })
    const ledger = ledgers.create()
    const opening = ledger.open({
      onDue: async () => ({ remove: true }) as const,
      onMessage: () => undefined,
      onBack: () => undefined,
    })
    opening.catch(() => undefined)
    await until(() => ledgers.clock.timers === 2)
    await ledger.close()
    await expect(opening).rejects.toMatchObject({ code: 'ERR_CLOSED' })
    expect(locks()).toEqual(['lock-0'])
    rmSync(path)
  })

  test('is refreshed every few seconds', async () => {
    await ledgers.open()
    const path = join(ledgers.folder, String(locks()[0]))
    for (let time = 0; time < 3; time++) {
      ledgers.clock.advance(4000)
      await until(() => Math.abs(statSync(path).mtimeMs - ledgers.clock.now()) < 2)
    }
  })

  test('that another host has taken away ends the ledger: nothing is written any more', async () => {
    const ledger = await ledgers.open()
    await ledger.create('key', 'one', { data: null, ttlMs: HOUR })
    rmSync(join(ledgers.folder, String(locks()[0])))
    ledgers.clock.advance(4000)
    await until(() => ledgers.log.length > 0)
    expect(ledgers.log[0]).toMatchObject({ level: 'error', message: 'The store is lost to another process' })
    const other: Ledger = await ledgers.open()
    for (let time = 0; time < 2; time++)
      await expect(ledger.append('key', 'one', 'entry')).rejects.toMatchObject({
        code: 'ERR_STORE_UNAVAILABLE',
        message: expect.stringContaining('another one has taken over'),
      })
    expect(await other.append('key', 'one', 'entry')).toBe(1)
    await ledger.close()
    expect(ledgers.lines()).toHaveLength(2)
  })

  /** A clock whose time goes on while no timer of the process does, as when it is stopped. */
  function stoppable() {
    let skipped = 0
    const { clock } = ledgers
    const { setTimeout, clearTimeout } = clock
    const own = { now: () => clock.now() + skipped, setTimeout, clearTimeout }
    return { clock: own, stop: (ms: number) => void (skipped += ms) }
  }

  const takeAway = (): void => rmSync(join(ledgers.folder, String(locks()[0])))

  test.each([
    ['just longer than a lock lives', 21_000],
    ['an hour', HOUR],
  ])('is looked at before anything is written, when the process stood still for %s', async (_, ms) => {
    const { clock, stop } = stoppable()
    const files = watchFiles()
    const ledger = await ledgers.open({ clock, files })
    await ledger.create('key', 'one', { data: null, ttlMs: HOUR })
    stop(ms)
    takeAway()
    files.done.length = 0
    const writing = [ledger.append('key', 'one', 1), ledger.touch('key', 'one', 1), ledger.append('key', 'one', 2)]
    for (const one of await Promise.allSettled(writing))
      expect(one).toMatchObject({ status: 'rejected', reason: { code: 'ERR_STORE_UNAVAILABLE' } })
    expect(files.done).toEqual([])
    expect(ledgers.log[0]).toMatchObject({ message: 'The store is lost to another process' })
    expect(ledgers.lines()).toHaveLength(1)
  })

  test('is looked at before anybody is told of what was written while the process stood still', async () => {
    const { clock, stop } = stoppable()
    const files = watchFiles()
    const ledger = await ledgers.open({ clock, files })
    await ledger.create('key', 'one', { data: null, ttlMs: HOUR })
    files.onStep = () => {
      files.onStep = () => undefined
      stop(21_000)
      takeAway()
    }
    await expect(ledger.append('key', 'one', 1)).rejects.toMatchObject({
      code: 'ERR_STORE_UNAVAILABLE',
      message: expect.stringContaining('another one has taken over'),
    })
    expect(await ledger.read('key', 'one')).toMatchObject({ log: [] })
  })

  test.each([
    ['a moment', 1000],
    ['longer than a lock lives, and nobody has taken it', 21_000],
  ])('stays when the process stood still for %s', async (_, ms) => {
    const { clock, stop } = stoppable()
    const ledger = await ledgers.open({ clock })
    await ledger.create('key', 'one', { data: null, ttlMs: HOUR })
    stop(ms)
    expect(await ledger.append('key', 'one', 1)).toBe(1)
    expect(Math.abs(statSync(join(ledgers.folder, String(locks()[0]))).mtimeMs - clock.now()) < 2).toBe(ms > 10_000)
  })
})
