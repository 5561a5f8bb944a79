import type { Outcome, StoreEndpoint } from '../../lib/base/contracts'
import type { RunRecord } from '../../lib/base/run'
import { createRunContext } from '../../lib/store/run-context'
import type { WantedWaits } from '../../lib/workflow/components/branches'
import { openWaits } from '../../lib/workflow/components/open-waits'
import { createOutcome, DONE, READY } from '../helpers/store-contract'
import { createRun, type Durable, held, type Process } from '../store/use-durable'
import type { Callback, End, WaitSpec } from './any-all-model'

/** The endpoints by the paths of the orders. */
export const ENDPOINTS: Readonly<Record<string, StoreEndpoint>> = { '/done': DONE, '/other': READY }

/** A run with one job that waits for several callbacks, in the process that has it. */
export interface Hearing {
  /** How the job ended here; undefined while it waits. */
  readonly end: End | undefined
  abort(reason: unknown): void
}

/** Begins the run in a process. */
export async function begin(world: Durable, process: Process, spec: WaitSpec, startedAt: number): Promise<Hearing> {
  const record = held(await process.runs.begin(createRun('r')))
  return hear(world, process, record, spec, startedAt)
}

/** Goes on with the run in the process that has taken it up. */
export function hear(
  { clock }: Durable,
  { store }: Process,
  record: RunRecord,
  spec: WaitSpec,
  startedAt: number,
): Hearing {
  const controller = new AbortController()
  const { signal } = controller
  const quiet = (): void => undefined
  const run = createRunContext('r', { store, clock, signal, onWait: quiet, onEnd: quiet, record })
  const hearing: { end: End | undefined; abort(reason: unknown): void } = {
    end: undefined,
    abort: (reason) => controller.abort(reason),
  }

  async function work(): Promise<unknown> {
    const waits = await openWaits({ run, name: 'hear#1' }, wantedOf(spec, startedAt))
    try {
      const { result } = await waits.ended()
      return result()
    } finally {
      await waits.cancel()
    }
  }

  async function end(): Promise<void> {
    const state = await run.step('hear#1', work).then(
      (output): End => ({ output }),
      ({ code, id }: { readonly code: string; readonly id?: string }): End =>
        id === undefined ? { code } : { code, id },
    )
    // A run that another process has does not end here.
    if (!('code' in state) || state.code !== 'ERR_CLOSED')
      await record.end({ id: 'r', status: 'succeeded', output: JSON.stringify(state) })
    hearing.end = state
  }

  end().catch(quiet)
  return hearing
}

function wantedOf({ mode, branches, ms }: WaitSpec, startedAt: number): WantedWaits {
  const all = Object.values(ENDPOINTS)
  return {
    mode,
    branches: branches.map(({ ids, path, ms: own = ms, when }) => {
      const named = path === undefined ? undefined : ENDPOINTS[path]
      const endpoints = named ? [named] : all
      const deadline = startedAt + Math.min(own, ms)
      return { name: undefined, wait: { endpoints, ids, deadline, queued: false, when } }
    }),
  }
}

/** Delivers a callback that a test plays to a process. */
export function deliver({ clock }: Durable, process: Process, callback: Callback): ReturnType<Process['deliver']> {
  const endpoint = ENDPOINTS[callback.path] ?? DONE
  const { id, value, isGood } = callback
  const outcome: Outcome = {
    ...createOutcome(endpoint, id, value),
    outcome: isGood ? 'succeeded' : 'failed',
    receivedAt: clock.now(),
  }
  return process.deliver(id, value, { endpoint, outcome })
}

/** Lets time go by until another process has taken up the run, and goes on with it there; `tick` is told of the time. */
export async function takeUp(
  world: Durable,
  processes: readonly Process[],
  spec: WaitSpec,
  startedAt: number,
  tick: (ms: number) => void = () => undefined,
): Promise<Hearing> {
  const before = processes.map(({ adopted }) => adopted.length)
  for (let turn = 0; turn < 60; turn += 1) {
    for (const [index, process] of processes.entries()) {
      const taken = process.adopted[before[index] ?? 0]
      if (taken) return hear(world, process, taken.record, spec, startedAt)
    }
    await world.pass(STEP_MS)
    tick(STEP_MS)
  }
  throw new Error('nobody has taken up the run')
}

const STEP_MS = 1600
