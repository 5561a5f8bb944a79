import type { WorkflowSpec } from '../../config/normalize'
import { CallbackError, hasCode, reasonOf } from '../../base/errors'
import { nameOf } from '../../base/unnamed'
import { type Emitter, outcomeEvent } from '../../base/events'
import type { RunRecord } from '../../base/run'
import type { Clock, Logger, Store } from '../../base/contracts'
import type { MaybeLater } from '../../base/values/later'
import type { Started, StartKept } from '../../listener/start'
import { createRunContext, type RunOptions } from '../../store/run-context'
import type { RunTrace } from '../../tracing/run'
import type { Tracing } from '../../tracing/tracing'
import type { RunWorkflow } from '../runner'
import { createKeptTasks } from './kept-tasks'
import { createKnownTasks, type KnownTasks } from './known-tasks'
import { taskCancelled, taskClosed, type WaitRoom } from './limits'
import { prepareTask } from './prepare'
import { type RunningTask, type RunningTaskContext, startTask, type TaskStart } from './running-task'
import type { Task, TaskCounts, TaskRequest, TaskState } from './task'

/** All tasks of this process: those that run, and for a while those that have ended; and those that its store keeps. */
export interface Tasks {
  /**
   * Starts a task, once it is kept. Rejects with `ERR_WORKFLOW_UNKNOWN`, `ERR_CONFIG_VALUE` (no signal, a stream),
   * `ERR_TASKS_FULL`, `ERR_WAITS_FULL`, `ERR_CLOSED` and `ERR_STORE_UNAVAILABLE`.
   */
  submit(request: TaskRequest): Promise<Task>
  /**
   * Starts a task for a request that does not await it, under a given id and with a claim if there are any. Throws at
   * once where nothing has to be kept. A task that is kept already, or whose delivery was claimed before, is not started.
   */
  start(request: TaskRequest, kept?: StartKept): Started | Promise<Started>
  find(id: string): Promise<TaskState | undefined>
  /**
   * Returns how a task has ended once it has; its state for one that goes on in another process, and undefined for one that
   * nobody knows any more. Never rejects.
   */
  whenEnded(id: string): MaybeLater<TaskState | undefined>
  /** Cancels a task. Resolves to whether it was still running, or to undefined when it is unknown. */
  cancel(id: string): Promise<boolean | undefined>
  /** The tasks that run, oldest first. */
  running(): readonly TaskState[]
  /** All tasks that this process knows, the latest first: those that run, then those that have ended. */
  all(): readonly TaskState[]
  counts(): TaskCounts
  /** Resolves when none runs. */
  whenIdle(): Promise<void>
  /** Starts no more tasks; those that run go on. */
  refuse(): void
  /** Ends all tasks with `ERR_CLOSED`, and starts no more. */
  close(): Promise<void>
}

export interface TasksContext {
  readonly workflows: ReadonlyMap<string, WorkflowSpec>
  readonly runs: ReadonlyMap<string, RunWorkflow>
  /** What the workflows are made of, to be kept with each task. */
  readonly definition: unknown
  /** Returns the workflow of a definition that was kept. Throws when it does not fit the rest of the config any more. */
  readonly restore: (definition: unknown, workflow: string) => RunWorkflow
  /** The workflows that may wait for a callback. */
  readonly waiting: ReadonlySet<string>
  readonly room: WaitRoom
  readonly store: Store
  readonly clock: Clock
  readonly emitter: Emitter
  readonly logger: Logger
  /** Knows what came in place of a callback that did not come in time. */
  readonly arrivals?: RunOptions['arrivals']
  /** Returns the check of outcomes by the schemas of their endpoints. */
  readonly checksOf?: RunOptions['checksOf']
  /** Told how each wait of a task ended. */
  readonly onEnd: RunOptions['onEnd']
  /** How long a task is known after its end, in milliseconds. */
  readonly keepMs: number
  /** Records tasks as spans; undefined without tracing. */
  readonly tracing?: Tracing | undefined
}

/** How many tasks may run when requests start more: one request can be many. */
const MAX_UNATTENDED = 10_000

/** Creates the tasks of one `callbacks()`; none is started. */
export function createTasks(context: TasksContext): Tasks {
  const { store, clock, emitter, logger, onEnd, arrivals, checksOf } = context
  const keeper = store.runs
  const known = createKnownTasks(clock, context.keepMs)
  let isRefusing = false

  function prepare(request: TaskRequest, id?: string): TaskStart {
    if (isRefusing) throw refused()
    if (request.isUnattended && known.size() >= MAX_UNATTENDED) throw tasksFull()
    return prepareTask(request, context, { id, isKept: keeper !== undefined })
  }

  function launch(start: TaskStart, record: RunRecord | undefined): Task {
    const { id, letGo: onWait } = start
    const trace = followTrace(start, record, context.tracing)
    const noteEnd: RunOptions['onEnd'] = (ending, wait, ids) => {
      trace?.endWait(ending, wait, ids)
      onEnd(ending, wait, ids)
    }
    const openRun: RunningTaskContext['openRun'] = (signal, abort) => {
      const told = { onWait, onEnd: noteEnd, onFiltered: tellFiltered(emitter) }
      const run = createRunContext(id, { store, clock, arrivals, checksOf, signal, abort, record, ...told })
      return trace ? trace.follow(run) : run
    }
    const begin = (): RunningTask => startTask(start, { clock, emitter, trace, openRun })
    const task = trace ? trace.within(begin) : begin()
    known.add(task)
    void follow(task, start, record, { known, logger })
    return {
      id,
      get status() {
        return task.state().status
      },
      result: () => task.result,
      cancel: async () => (await cancel(id)) ?? false,
    }
  }

  async function cancel(id: string): Promise<boolean | undefined> {
    const task = known.get(id)
    if (task === undefined) return known.hasEnded(id) ? false : keeper?.cancel(id)
    await task.cancel(taskCancelled(id))
    return task.state().status === 'cancelled'
  }

  const kept =
    keeper && createKeptTasks({ ...context, keeper, launch, end: (id, reason) => void known.get(id)?.cancel(reason) })

  async function startKept(start: TaskStart, keeping: Promise<RunRecord | undefined>): Promise<Started> {
    const record = await keeping
    if (record) launch(start, record)
    else start.letGo() // it runs already, here or elsewhere
    return { task: start.id, isNew: record !== undefined }
  }

  return {
    async submit(request) {
      const start = prepare(request)
      return launch(start, kept && (await kept.keep(start, undefined)))
    },
    start(request, { id, claim } = {}) {
      const start = prepare(request, id)
      return kept ? startKept(start, kept.keep(start, claim)) : { task: launch(start, undefined).id, isNew: true }
    },
    find: async (id) => known.state(id) ?? ((await keeper?.find(id)) as TaskState | undefined),
    whenEnded(id) {
      const task = known.get(id)
      if (task !== undefined) return endOf(task)
      return known.state(id) ?? (keeper?.find(id).catch(() => undefined) as Promise<TaskState | undefined> | undefined)
    },
    cancel,
    running: () => known.list().map((task) => task.state()),
    all: known.all,
    counts: known.counts,
    whenIdle: known.whenIdle,
    refuse() {
      isRefusing = true
    },
    async close() {
      isRefusing = true
      kept?.close()
      await Promise.all(known.list().map((task) => task.cancel(taskClosed(task.id))))
    },
  }
}

/** Ends the span that starts a task, and returns the trace of the task; undefined without one. */
function followTrace(
  { trace: started, ...start }: TaskStart,
  record: RunRecord | undefined,
  tracing: Tracing | undefined,
): RunTrace | undefined {
  if (tracing === undefined || started === undefined) return undefined
  started.end?.()
  return tracing.followRun({ ...start, trace: started.trace, isTakenUp: started.end === undefined }, record)
}

/** Follows a task to its end. It counts as running until its end is kept, which may take a while after its result is there. */
async function follow(
  task: RunningTask,
  { isUnattended, letGo }: TaskStart,
  record: RunRecord | undefined,
  { known, logger }: { readonly known: KnownTasks; readonly logger: Logger },
): Promise<void> {
  let error: unknown
  try {
    await task.result
  } catch (reason) {
    error = reason
  }
  letGo()
  const state = task.state()
  if (isUnattended && state.status === 'failed') report(state, error, logger)
  // What was only closed goes on in the process that opens the store next, or has taken it up already.
  const isLeft = record !== undefined && hasCode(error, 'ERR_CLOSED')
  if (isLeft) record.leave()
  else if (record) await record.end(state)
  known.end(task.id, isLeft ? undefined : state)
}

/** A task that was only closed goes on in the process that takes it up. */
async function endOf(task: RunningTask): Promise<TaskState> {
  try {
    await task.result
  } catch (error) {
    if (hasCode(error, 'ERR_CLOSED')) return { ...task.state(), status: 'running' }
  }
  return task.state()
}

function refused(): CallbackError {
  return new CallbackError('ERR_CLOSED', { message: 'The callbacks are closing; no workflow is started' })
}

function tasksFull(): CallbackError {
  const message = `${MAX_UNATTENDED} tasks run already; no request starts more until some have ended`
  return new CallbackError('ERR_TASKS_FULL', { message })
}

function report({ id, workflow, status }: TaskState, error: unknown, logger: Logger): void {
  const reason = reasonOf(error)
  logger.error(
    { task: id, workflow, err: error },
    `The task ${id} of ${nameOf('workflow', workflow)} ${status}: ${reason}`,
  )
}

function tellFiltered(emitter: Emitter): RunOptions['onFiltered'] {
  return (callback) => emitter.record('filtered', callback.endpoint, () => outcomeEvent(callback))
}
