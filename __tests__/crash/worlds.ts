import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from '@jest/globals'
import type { CallbacksConfig } from '../../lib'
import { type Instance, startInstance } from './instances'
import { openPainter, type Painter, paintingOf } from './painter'

export type StoreConfig = Exclude<CallbacksConfig['store'], string | undefined>

/** A kind of store, on a server that runs or in a folder. */
export interface StoreSite {
  readonly type: 'file' | 'redis' | 'postgres'
  /** Gives a store that nobody has used, and what takes it away. */
  create(): { readonly store: StoreConfig; remove(): void }
}

/** One store, one service and the instances of an app. */
export interface World {
  readonly painter: Painter
  /** Those that live. */
  readonly live: readonly Instance[]
  start(): Promise<Instance>
  kill(instance: Instance): Promise<void>
  stop(instance: Instance): Promise<void>
  /** Starts runs until so many are acknowledged, or the instance is gone; gives the id of each task, by the name of its run. */
  submit(at: Instance, count: number, prefix?: string): Promise<ReadonlyMap<string, string>>
  /** Calls back for all runs, and resolves when that was acknowledged. */
  callBack(runs: Iterable<string>): Promise<void>
  /** Resolves when all have ended, each with its own result. */
  ended(tasks: ReadonlyMap<string, string>): Promise<void>
}

export const FILE: StoreSite = {
  type: 'file',
  create() {
    const path = mkdtempSync(join(tmpdir(), 'express-callbacks-crash-'))
    return { store: { type: 'file', path }, remove: () => rmSync(path, { recursive: true, force: true }) }
  },
}

/** Stores on a server, each with names of its own there. */
export function onServer(type: 'redis' | 'postgres', server: { readonly url: string }): StoreSite {
  return {
    type,
    create: () => ({ store: { type, url: server.url, prefix: `crash-${randomUUID()}` }, remove: () => undefined }),
  }
}

/** An app that orders a painting, waits for the callback, and reports it. */
export const { configOf }: { configOf(service: string, store: StoreConfig): CallbacksConfig } = require('./config.cjs')

/** Gives a world to a test; afterwards nothing of it is left, also when the test failed. */
export async function inWorld(
  site: StoreSite,
  work: (world: World) => Promise<void>,
  pause: (run: string) => Promise<unknown> = async () => undefined,
): Promise<void> {
  const { store, remove } = site.create()
  const painter = await openPainter(pause)
  const live: Instance[] = []
  const all: Instance[] = []

  function forget(instance: Instance): void {
    live.splice(live.indexOf(instance), 1)
  }

  const world: World = {
    painter,
    live,
    async start() {
      const instance = await startInstance(configOf(painter.origin, store))
      live.push(instance)
      all.push(instance)
      return instance
    },
    async kill(instance) {
      forget(instance)
      await instance.kill()
    },
    async stop(instance) {
      forget(instance)
      expect(await instance.stop()).toBe(0)
    },
    async submit(at, count, prefix = 'run') {
      const tasks = new Map<string, string>()
      const begin = async (first: number): Promise<void> => {
        // One that was refused may run all the same: the next try has another name.
        for (let name = first; ; name += count) {
          const { status, body } = await at.post('/submit', { run: `${prefix}-${name}` })
          if (status === 200) tasks.set(`${prefix}-${name}`, (body as { readonly id: string }).id)
          if (status === 200 || status === undefined) return
        }
      }
      await inBatches([...Array(count).keys()], begin)
      return tasks
    },
    callBack: (runs) => inBatches([...runs], (run) => painter.callBack(run, () => live)),
    ended: (tasks) =>
      inBatches([...tasks], async ([run, task]) => {
        while (!all.some(({ ended }) => ended.includes(task))) await sleep(100)
        let state = await stateOf(live, task)
        // One that was killed may have said so just before that was safe.
        for (; state?.status === 'running' || state === undefined; state = await stateOf(live, task)) await sleep(200)
        expect(state).toMatchObject({
          status: 'succeeded',
          output: { run, painting: paintingOf(run), thanks: run },
        })
      }),
  }
  try {
    await work(world)
  } finally {
    await Promise.all(live.map((instance) => instance.kill()))
    await painter.close()
    remove()
  }
}

/** What the HTTP API of any instance says of a task. */
async function stateOf(live: readonly Instance[], task: string): Promise<{ readonly status?: string } | undefined> {
  const answer = await live[0]?.get(`/_callbacks/tasks/${task}`)
  return answer?.status === 200 ? (answer.body as object) : undefined
}

const BATCH = 20

/** Works on some at a time. */
async function inBatches<Item>(items: readonly Item[], work: (item: Item) => Promise<void>): Promise<void> {
  const rest = items.values()
  const one = async (): Promise<void> => {
    for (const item of rest) await work(item)
  }
  await Promise.all(Array.from({ length: BATCH }, one))
}

/** Tells what a test has seen; it fails by none of it. */
export function print(text: string): void {
  process.stdout.write(`crash tests: ${text}\n`)
}
