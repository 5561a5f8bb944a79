import type { Clock } from '../../base/contracts'
import type { RunningTask } from './running-task'
import type { TaskCounts, TaskState } from './task'

/** The tasks that run in this process, and for a while those that have ended in it. */
export interface KnownTasks {
  add(task: RunningTask): void
  /** A task that runs. */
  get(id: string): RunningTask | undefined
  /** The tasks that run, oldest first. */
  list(): readonly RunningTask[]
  /** What is known of all tasks, the latest one first; those that run come before those that have ended. */
  all(): readonly TaskState[]
  size(): number
  /** Takes out a task that runs no more; `state` is undefined when another process goes on with it. */
  end(id: string, state: TaskState | undefined): void
  /** What is known of a task, running or ended. */
  state(id: string): TaskState | undefined
  hasEnded(id: string): boolean
  counts(): TaskCounts
  /** Resolves when none runs. */
  whenIdle(): Promise<void>
}

/** How many tasks are known at most after their end, the latest ones. */
const MAX_ENDED = 1000

/** Creates an empty list of tasks; one that has ended is known for `keepMs` milliseconds. */
export function createKnownTasks(clock: Clock, keepMs: number): KnownTasks {
  const running = new Map<string, RunningTask>()
  const ended = new Map<string, TaskState>()
  const counts = { succeeded: 0, failed: 0, cancelled: 0 }
  const onIdle: (() => void)[] = []

  function forgetOld(): void {
    for (const [id, { endedAt = 0 }] of ended) {
      if (ended.size <= MAX_ENDED && endedAt + keepMs > clock.now()) return
      ended.delete(id)
    }
  }

  return {
    add: (task) => void running.set(task.id, task),
    get: (id) => running.get(id),
    list: () => [...running.values()],
    all() {
      forgetOld()
      return [...[...running.values()].toReversed().map((task) => task.state()), ...[...ended.values()].toReversed()]
    },
    size: () => running.size,
    end(id, state) {
      running.delete(id)
      if (running.size === 0) for (const resolve of onIdle.splice(0)) resolve()
      if (state === undefined) return
      ended.set(id, state)
      if (state.status !== 'running') counts[state.status] += 1
      forgetOld()
    },
    state(id) {
      forgetOld()
      return running.get(id)?.state() ?? ended.get(id)
    },
    hasEnded: (id) => ended.has(id),
    counts: () => ({ running: running.size, ...counts }),
    whenIdle: () => (running.size === 0 ? Promise.resolve() : new Promise((resolve) => void onIdle.push(resolve))),
  }
}
