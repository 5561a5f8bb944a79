import { setTimeout as sleep } from 'node:timers/promises'
import { openService } from '../helpers/fake-service'
import type { Instance } from './instances'

/** A request that the service took. */
export interface Send {
  /** What it is called by the service. */
  readonly task: string
  /** Its Idempotency-Key. */
  readonly key: string
}

/** A service that takes an order at once, and calls back when a test says so. */
export interface Painter {
  readonly origin: string
  /** How often a painting was asked for in all. */
  readonly count: number
  /** What was asked for a run; more than one when it was asked for again. */
  sendsOf(run: string): readonly Send[]
  /** The results that a run reported. */
  reportsOf(run: string): readonly unknown[]
  /** Resolves when it was asked so often in all. */
  asked(count: number): Promise<void>
  /** Calls back for a run, anew for as long as that is not acknowledged, each time at the next of the instances. */
  callBack(run: string, at: () => readonly Instance[]): Promise<void>
  close(): Promise<void>
}

/** The painting that a run must end with. */
export function paintingOf(run: string): string {
  return `the painting of ${run}`
}

/** The callback for a task of the service. */
export function callbackOf(task: string): { readonly task: string; readonly painting: string } {
  return { task, painting: paintingOf(task.replace(/\.\d+$/, '')) }
}

/** Opens a service that answers each order when `pause` lets it. */
export async function openPainter(pause: (run: string) => Promise<unknown>): Promise<Painter> {
  const sends = new Map<string, Send[]>()
  const reports = new Map<string, unknown[]>()
  const waiting = new Map<number, () => void>()
  let count = 0
  const service = await openService({
    async 'POST /paint'({ body, headers }) {
      const { run } = body as { readonly run: string }
      const known = sends.get(run) ?? []
      const task = `${run}.${known.length + 1}`
      sends.set(run, [...known, { task, key: String(headers['idempotency-key']) }])
      count += 1
      waiting.get(count)?.()
      await pause(run)
      return { body: { task } }
    },
    'POST /report'({ body }) {
      const { run, painting } = body as { readonly run: string; readonly painting: unknown }
      reports.set(run, [...(reports.get(run) ?? []), painting])
      return { body: { thanks: run } }
    },
  })
  return {
    origin: service.origin,
    get count() {
      return count
    },
    sendsOf: (run) => sends.get(run) ?? [],
    reportsOf: (run) => reports.get(run) ?? [],
    asked: (wanted) =>
      count >= wanted ? Promise.resolve() : new Promise((resolve) => void waiting.set(wanted, resolve)),
    async callBack(run, at) {
      for (const { task } of sends.get(run) ?? []) {
        for (let tries = 0; ; tries += 1) {
          const instances = at()
          const answer = await instances[tries % instances.length]?.post('/done', callbackOf(task))
          if (answer?.status === 200) break
          await sleep(50)
        }
      }
    },
    close: () => service.close(),
  }
}
