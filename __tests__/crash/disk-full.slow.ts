import { execFileSync } from 'node:child_process'
import { appendFileSync, mkdtempSync, rmdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import type { CallbacksConfig } from '../../lib'
import { type Instance, killAll, startInstance } from './instances'
import { callbackOf, paintingOf } from './painter'
import { inWorld, type StoreSite, type World } from './worlds'

const LIMIT_MS = 120_000

function mount(folder: string, megabytes = 2): void {
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m`, 'express-callbacks', folder], { stdio: 'pipe' })
}

/** Lazily, since a test that failed may have left something open. */
function unmount(folder: string): void {
  execFileSync('umount', ['--lazy', folder], { stdio: 'pipe' })
}

function createFolder(): string {
  return mkdtempSync(join(tmpdir(), 'express-callbacks-disk-'))
}

/** Why no small disk can be had here; undefined when it can. */
function findFailure(): string | undefined {
  const folder = createFolder()
  try {
    mount(folder)
    unmount(folder)
    return undefined
  } catch (error) {
    return error instanceof Error ? error.message.split('\n').join(' ') : String(error)
  } finally {
    rmdirSync(folder)
  }
}

/** Takes all the blocks there are. */
function fillWith(filler: string): void {
  for (let size = 64 * 1024; size >= 1;) {
    try {
      appendFileSync(filler, Buffer.alloc(size))
    } catch {
      size = Math.floor(size / 2)
    }
  }
}

const failure = findFailure()

if (failure !== undefined) {
  describe('a disk that is full', () => test.skip(`all of it (skipped: ${failure})`, () => undefined))
} else {
  describe('a disk that is full', describeDisk)
  describe('a disk of 24 MB that is full of callbacks which nobody waited for', describeParked)
}

function describeDisk(): void {
  const folder = createFolder()
  const filler = join(folder, 'filler')
  const site: StoreSite = {
    type: 'file',
    create: () => ({ store: { type: 'file', path: join(folder, 'store') }, remove: () => undefined }),
  }

  beforeAll(() => mount(folder))
  afterEach(() => rmSync(filler, { force: true }))
  afterAll(async () => {
    await killAll()
    unmount(folder)
    rmSync(folder, { recursive: true })
  })

  /** More than fits into the rest of the block that the journal ends in. */
  const padding = 'x'.repeat(8192)

  const fill = (): void => fillWith(filler)

  const REFUSED = { status: 503, retryAfter: '5', body: { error: 'ERR_STORE_UNAVAILABLE' } }

  test(
    'refuses callbacks and runs for now, loses nothing, and goes on by itself when there is room',
    async () => {
      let answer = (): void => undefined
      const answered = new Promise<void>((resolve) => void (answer = resolve))
      const pause = (run: string): Promise<void> => (run === 'late-0' ? answered : Promise.resolve())
      const work = async (world: World): Promise<void> => {
        const owner = await world.start()
        const tasks = await world.submit(owner, 10)
        const late = await world.submit(owner, 1, 'late')
        await owner.until(() => [...tasks.values()].every((task) => owner.recorded.has(task)))
        fill()
        expect(await owner.post('/done', { ...callbackOf('run-0.1'), padding })).toEqual(REFUSED)
        expect(await owner.post('/done', { ...callbackOf('nobody.1'), padding })).toEqual(REFUSED)
        expect(await owner.post('/submit', { run: 'refused', padding })).toMatchObject({
          body: { error: 'ERR_STORE_UNAVAILABLE' },
        })
        // Recorded when there is room: that the service has answered.
        answer()
        expect(await owner.get(`/task/${tasks.get('run-0')}`)).toMatchObject({ body: { status: 'running' } })
        rmSync(filler)
        const all = new Map([...tasks, ...late])
        await world.callBack(all.keys())
        await world.ended(all)
        for (const run of all.keys()) {
          expect(world.painter.sendsOf(run).length).toBe(1)
          expect(world.painter.reportsOf(run)).toEqual([paintingOf(run)])
        }
        expect(world.painter.sendsOf('refused')).toEqual([])
      }
      await inWorld(site, work, pause)
    },
    LIMIT_MS,
  )

  test(
    'lets a process that is started meanwhile go on when there is room',
    () =>
      inWorld(site, async (world) => {
        const owner = await world.start()
        const tasks = await world.submit(owner, 10)
        await owner.until(() => [...tasks.values()].every((task) => owner.recorded.has(task)))
        await world.kill(owner)
        fill()
        const next = await world.start()
        expect(next.lines.find(({ is }) => is === 'ready')).toMatchObject({ failed: 'ERR_STORE_UNAVAILABLE' })
        expect(await next.post('/done', { ...callbackOf('run-0.1'), padding })).toEqual(REFUSED)
        rmSync(filler)
        await world.callBack(tasks.keys())
        await world.ended(tasks)
        for (const run of tasks.keys()) {
          expect(world.painter.sendsOf(run).length).toBe(1)
          expect(world.painter.reportsOf(run)).toEqual([paintingOf(run)])
        }
      }),
    LIMIT_MS,
  )
}

function describeParked(): void {
  const folder = createFolder()
  const padding = 'x'.repeat(8000)
  const config: CallbacksConfig = {
    store: { type: 'file', path: join(folder, 'store'), park: { for: '10s', max: 100_000, max_bytes: '200mb' } },
    listener: { path: '/done', identify_by: '${body.task}' },
  }

  beforeEach(() => mount(folder, 24))
  afterEach(async () => {
    await killAll()
    unmount(folder)
  })
  afterAll(() => rmSync(folder, { recursive: true }))

  const park = ({ post }: Instance, id: string) => post('/done', { task: id, padding })

  /** Sends callbacks until one is refused since the disk is full. */
  async function fill(owner: Instance): Promise<void> {
    for (let count = 0; ; count += 20) {
      const answers = await Promise.all(Array.from({ length: 20 }, (_, index) => park(owner, `id-${count + index}`)))
      if (answers.some(({ status }) => status === 503)) return
      expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200))
    }
  }

  /** Sends a callback until it is taken. */
  async function untilTaken(owner: Instance): Promise<void> {
    for (let answer = await park(owner, 'late'); answer.status !== 200; answer = await park(owner, 'late')) {
      expect(answer).toEqual({ status: 503, retryAfter: '5', body: { error: 'ERR_STORE_UNAVAILABLE' } })
      await sleep(500)
    }
  }

  test(
    'takes callbacks again by itself when those have expired',
    async () => {
      const owner = await startInstance(config)
      await fill(owner)
      await untilTaken(owner)
      await owner.until(() => owner.lines.some(({ message }) => message === 'The store can be written again'))
    },
    LIMIT_MS,
  )

  test(
    'is opened by the next process after kill -9, which takes callbacks again',
    async () => {
      const owner = await startInstance(config)
      await fill(owner)
      fillWith(join(folder, 'filler'))
      await owner.kill()
      const next = await startInstance(config)
      expect(next.lines.find(({ is }) => is === 'ready')).not.toHaveProperty('failed')
      await untilTaken(next)
    },
    LIMIT_MS,
  )
}
