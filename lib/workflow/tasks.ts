import type { WorkflowSpec } from '../config/normalize'
import { CallbackError } from '../errors'
import type { Logger } from '../types'
import type { RunWorkflow } from './runner'
import { type RunningTask, type RunningTaskOptions, startTask } from './running-task'
import type { Task, TaskState, TaskStatus } from './task'
import { checkSignal, taskCancelled, taskClosed } from './task-limits'
import type { WaitRoom } from './wait-room'

/** What starts a task. */
export interface TaskRequest {
  readonly input: unknown
  /** The workflow by its id; the default one when left out. */
  readonly workflow?: string | undefined
  /** Milliseconds. */
  readonly timeoutMs?: number | undefined
  /** Cancels the task. */
  readonly signal?: AbortSignal | undefined
  /** Whether a request starts it and nobody holds its result: there is a limit to these, and failures are logged. */
  readonly isUnattended?: boolean
  /** Whether a request starts it, which can be sent again: it is refused when there is no room for what it waits for. */
  readonly isRequested?: boolean
}

/** How many tasks there are of each status; those that ended, since the start. */
export type TaskCounts = Readonly<Record<TaskStatus, number>>

/** All tasks of this process: those that run, and for a while those that have ended. */
export interface Tasks {
  /**
   * Starts a task. Throws `ERR_WORKFLOW_UNKNOWN`, `ERR_CONFIG_VALUE` (no signal), `ERR_TASKS_FULL`, `ERR_WAITS_FULL` and
   * `ERR_CLOSED`.
   */
  submit(request: TaskRequest): Task
  find(id: string): TaskState | undefined
  /** Cancels a task; says whether it was still running, or nothing when it is unknown. */
  cancel(id: string): Promise<boolean | undefined>
  /** Those that run, oldest first. */
  running(): readonly TaskState[]
  counts(): TaskCounts
  /** Resolves when none runs. */
  whenIdle(): Promise<void>
  /** Takes no more; those that run go on. */
  refuse(): void
  /** Ends all with `ERR_CLOSED`, and takes no more. */
  close(): Promise<void>
}

export interface TasksContext extends Pick<RunningTaskOptions, 'store' | 'clock' | 'emitter' | 'onEnd'> {
  readonly workflows: ReadonlyMap<string, WorkflowSpec>
  readonly runs: ReadonlyMap<string, RunWorkflow>
  /** The workflows that may wait for a callback. */
  readonly waiting: ReadonlySet<string>
  readonly room: WaitRoom
  readonly logger: Logger
  /** How long a task is known after its end, in milliseconds. */
  readonly keepMs: number
}

/** How many tasks are known at most after their end, the latest ones. */
const MAX_ENDED = 1000

/** How many tasks may run when requests start more: one request can be many. */
const MAX_UNATTENDED = 10_000

/** Gives the tasks of one `callbacks()`; none is started. */
export function createTasks(context: TasksContext): Tasks {
  const { workflows, runs, waiting, room, logger, clock, keepMs } = context
  const running = new Map<string, RunningTask>()
  const ended = new Map<string, TaskState>()
  const counts = { succeeded: 0, failed: 0, cancelled: 0 }
  let isRefusing = false

  function find(id: string): TaskState | undefined {
    forgetOld()
    return running.get(id)?.state() ?? ended.get(id)
  }

  function forgetOld(): void {
    for (const [id, { endedAt = 0 }] of ended) {
      if (ended.size <= MAX_ENDED && endedAt + keepMs > clock.now()) return
      ended.delete(id)
    }
  }

  async function follow(task: RunningTask, isUnattended: boolean, letGo: () => void): Promise<void> {
    let error: unknown
    try {
      await task.result
    } catch (reason) {
      error = reason
    }
    letGo()
    const state = task.state()
    if (isUnattended && state.status === 'failed') report(state, error, logger)
    running.delete(task.id)
    ended.set(task.id, state)
    if (state.status !== 'running') counts[state.status] += 1
    forgetOld()
  }

  async function cancel(id: string): Promise<boolean | undefined> {
    const task = running.get(id)
    if (task === undefined) return find(id) && false
    await task.cancel(taskCancelled(id))
    return task.state().status === 'cancelled'
  }

  return {
    submit({ workflow: name, input, timeoutMs, signal, isUnattended = false, isRequested = false }) {
      if (isRefusing) throw refused()
      if (isUnattended && running.size >= MAX_UNATTENDED) throw tasksFull()
      const workflow = findWorkflow(name, workflows)
      const run = runs.get(workflow.id)
      if (run === undefined) throw unknownWorkflow(name, workflows)
      checkSignal(signal)
      const mayWait = waiting.has(workflow.id)
      if (isRequested && mayWait) room.require()
      const letGo = mayWait ? room.keep() : () => undefined
      const task = startTask({ ...context, workflow, run, input: input ?? null, timeoutMs, signal, onWait: letGo })
      const { id, result } = task
      running.set(id, task)
      void follow(task, isUnattended, letGo)
      return {
        id,
        get status() {
          return task.state().status
        },
        result: () => result,
        cancel: async () => (await cancel(id)) ?? false,
      }
    },
    find,
    cancel,
    running: () => Array.from(running.values(), (task) => task.state()),
    counts: () => ({ running: running.size, ...counts }),
    async whenIdle() {
      while (running.size > 0) await Promise.allSettled(Array.from(running.values(), (task) => task.result))
    },
    refuse() {
      isRefusing = true
    },
    async close() {
      isRefusing = true
      await Promise.all(Array.from(running.values(), (task) => task.cancel(taskClosed(task.id))))
    },
  }
}

function refused(): CallbackError {
  return new CallbackError('ERR_CLOSED', { message: 'The callbacks are closing; no workflow is started' })
}

function tasksFull(): CallbackError {
  const message = `${MAX_UNATTENDED} tasks run already; no request starts more until some have ended`
  return new CallbackError('ERR_TASKS_FULL', { message })
}

function findWorkflow(name: string | undefined, workflows: TasksContext['workflows']): WorkflowSpec {
  const found = name === undefined ? [...workflows.values()].find(({ isDefault }) => isDefault) : workflows.get(name)
  if (found === undefined) throw unknownWorkflow(name, workflows)
  return found
}

function unknownWorkflow(name: string | undefined, workflows: TasksContext['workflows']): CallbackError {
  const known = [...workflows.keys()].join(', ')
  const advice = known === '' ? 'the config has none' : `there are ${known}`
  const what =
    name === undefined
      ? `No workflow is the default one; name one, or write "default: true" (${advice})`
      : `There is no workflow ${JSON.stringify(name)}; ${advice}`
  return new CallbackError('ERR_WORKFLOW_UNKNOWN', { message: what })
}

function report({ id, workflow, status }: TaskState, error: unknown, logger: Logger): void {
  const reason = error instanceof Error ? error.message : String(error)
  logger.error({ task: id, workflow, err: error }, `The task ${id} of workflow "${workflow}" ${status}: ${reason}`)
}
