import { randomUUID } from 'node:crypto'
import type { WorkflowSpec } from '../../config/normalize'
import { CallbackError, hasCode, reasonOf } from '../../base/errors'
import { listNames, nameOf } from '../../base/unnamed'
import type { Started, StartKept } from '../../listener/start'
import type { KeptRun, RunHost, RunRecord } from '../../base/run'
import type { Claim, Logger } from '../../base/contracts'
import type { RunWorkflow } from '../runner'
import { type RunningTask, type RunningTaskOptions, startTask } from './running-task'
import type { Task, TaskState, TaskStatus } from './task'
import { checkKeepable, checkSignal, taskCancelled, taskClosed } from './limits'
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

/** All tasks of this process: those that run, and for a while those that have ended; and those that its store keeps. */
export interface Tasks {
  /**
   * Starts a task, once it is kept. Rejects with `ERR_WORKFLOW_UNKNOWN`, `ERR_CONFIG_VALUE` (no signal, a stream),
   * `ERR_TASKS_FULL`, `ERR_WAITS_FULL`, `ERR_CLOSED` and `ERR_STORE_UNAVAILABLE`.
   */
  submit(request: TaskRequest): Promise<Task>
  /**
   * The same for a request that nobody awaits, under a given id and with a claim if there are any. Throws at once where
   * nothing has to be kept. A task that is kept already, or whose delivery was claimed before, is not started again.
   */
  start(request: TaskRequest, kept?: StartKept): Started | Promise<Started>
  find(id: string): Promise<TaskState | undefined>
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
  /** What the workflows are made of, to be kept with each task. */
  readonly definition: unknown
  /** Gives the workflow of a definition that was kept. Throws when it does not fit the rest of the config any more. */
  readonly restore: (definition: unknown, workflow: string) => RunWorkflow
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

/** A task that may start. */
interface Prepared {
  readonly workflow: WorkflowSpec
  readonly run: RunWorkflow
  readonly start: Pick<RunningTaskOptions, 'id' | 'input' | 'startedAt' | 'timeoutMs' | 'deadline' | 'signal'>
  readonly isUnattended: boolean
  /** Lets go of the room for its first wait. */
  readonly letGo: () => void
}

type Launched = Omit<Prepared, 'workflow'> & Pick<RunningTaskOptions, 'workflow'>

/** Gives the tasks of one `callbacks()`; none is started. */
export function createTasks(context: TasksContext): Tasks {
  const { workflows, runs, waiting, room, logger, clock, keepMs, definition } = context
  const keeper = context.store.runs
  const running = new Map<string, RunningTask>()
  const ended = new Map<string, TaskState>()
  const counts = { succeeded: 0, failed: 0, cancelled: 0 }
  const onIdle: (() => void)[] = []
  let isRefusing = false
  let isOver = false

  async function find(id: string): Promise<TaskState | undefined> {
    forgetOld()
    const known = running.get(id)?.state() ?? ended.get(id)
    return known ?? ((await keeper?.find(id)) as TaskState | undefined)
  }

  function forgetOld(): void {
    for (const [id, { endedAt = 0 }] of ended) {
      if (ended.size <= MAX_ENDED && endedAt + keepMs > clock.now()) return
      ended.delete(id)
    }
  }

  async function follow(
    task: RunningTask,
    isUnattended: boolean,
    record: RunRecord | undefined,
    letGo: () => void,
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
    // Whoever opens the store next, or has taken it up already, goes on with what was only closed.
    const isLeft = record !== undefined && hasCode(error, 'ERR_CLOSED')
    if (isLeft) record.leave()
    else if (record) await record.end(state)
    running.delete(task.id)
    if (running.size === 0) for (const resolve of onIdle.splice(0)) resolve()
    if (isLeft) return
    ended.set(task.id, state)
    if (state.status !== 'running') counts[state.status] += 1
    forgetOld()
  }

  async function cancel(id: string): Promise<boolean | undefined> {
    const task = running.get(id)
    if (task === undefined) return ended.has(id) ? false : keeper?.cancel(id)
    await task.cancel(taskCancelled(id))
    return task.state().status === 'cancelled'
  }

  function prepare(request: TaskRequest, id: string = randomUUID()): Prepared {
    const { workflow: name, input, signal, isUnattended = false, isRequested = false } = request
    if (isRefusing) throw refused()
    if (isUnattended && running.size >= MAX_UNATTENDED) throw tasksFull()
    const workflow = findWorkflow(name, workflows)
    const run = runs.get(workflow.id)
    if (run === undefined) throw unknownWorkflow(name, workflows)
    checkSignal(signal)
    if (keeper) checkKeepable(input)
    const mayWait = waiting.has(workflow.id)
    if (isRequested && mayWait) room.require()
    const startedAt = clock.now()
    const timeoutMs = shorter(request.timeoutMs, workflow.timeoutMs)
    const deadline = timeoutMs === undefined ? undefined : startedAt + timeoutMs
    const start = { id, input: input ?? null, startedAt, timeoutMs, deadline, signal }
    return { workflow, run, start, isUnattended, letGo: mayWait ? room.keep() : () => undefined }
  }

  function keep({ workflow, start: { id, input, startedAt, deadline }, letGo }: Prepared, claim?: Claim) {
    const kept: KeptRun = { id, workflow: workflow.id, definition, input, startedAt, deadline }
    const record = keeper?.begin(kept, claim)
    record?.catch(letGo)
    return record
  }

  function launch({ workflow, run, start, isUnattended, letGo }: Launched, record: RunRecord | undefined): Task {
    const { store, emitter, onEnd } = context
    const { input, startedAt, timeoutMs, deadline, signal } = start
    // Named one by one: of a hundred thousand tasks, each would have a hidden class of its own after a spread.
    const own = { id: start.id, workflow, run, input, startedAt, timeoutMs, deadline, signal, record, onWait: letGo }
    const task = startTask(Object.assign(own, { store, emitter, clock, onEnd }))
    const { id, result } = task
    running.set(id, task)
    void follow(task, isUnattended, record, letGo)
    return {
      id,
      get status() {
        return task.state().status
      },
      result: () => result,
      cancel: async () => (await cancel(id)) ?? false,
    }
  }

  /** What is kept already runs already. */
  async function startKept(prepared: Prepared, keeping: Promise<RunRecord | undefined>): Promise<Started> {
    const record = await keeping
    if (record) launch(prepared, record)
    else prepared.letGo()
    return { task: prepared.start.id, isNew: record !== undefined }
  }

  const host: RunHost = {
    adopt(kept) {
      if (isOver) {
        for (const { record } of kept) record.leave()
        return
      }
      const ids = kept.map(({ run: { id } }) => id)
      const what = ids.length === 1 ? 'a task' : `${ids.length} tasks`
      logger.info({ tasks: ids }, `Took up ${what} again that had not ended: ${listSome(ids)}`)
      for (const { run, record } of kept) adopt(run, record)
    },
    cancel(id) {
      void running.get(id)?.cancel(taskCancelled(id))
    },
  }

  function adopt({ definition: kept, workflow: id, ...start }: KeptRun, record: RunRecord): void {
    const run: RunWorkflow = async (one) => context.restore(kept, id)(one)
    const begun = { ...start, timeoutMs: undefined, signal: undefined }
    launch({ workflow: { id }, run, start: begun, isUnattended: true, letGo: () => undefined }, record)
  }

  keeper?.attach(host)

  return {
    async submit(request) {
      const prepared = prepare(request)
      const keeping = keep(prepared)
      return launch(prepared, keeping && (await keeping))
    },
    start(request, { id, claim } = {}) {
      const prepared = prepare(request, id)
      const keeping = keep(prepared, claim)
      return keeping ? startKept(prepared, keeping) : { task: launch(prepared, undefined).id, isNew: true }
    },
    find,
    cancel,
    running: () => Array.from(running.values(), (task) => task.state()),
    counts: () => ({ running: running.size, ...counts }),
    // A task counts as running until its end is kept, which may take a while after its result is there.
    whenIdle: () => (running.size === 0 ? Promise.resolve() : new Promise((resolve) => void onIdle.push(resolve))),
    refuse() {
      isRefusing = true
    },
    async close() {
      isRefusing = true
      isOver = true
      await Promise.all(Array.from(running.values(), (task) => task.cancel(taskClosed(task.id))))
    },
  }
}

function shorter(one: number | undefined, other: number | undefined): number | undefined {
  return one === undefined || other === undefined ? (one ?? other) : Math.min(one, other)
}

/** How many ids a line of the log names. */
const NAMED = 5

function listSome(ids: readonly string[]): string {
  return ids.length > NAMED ? `${ids.slice(0, NAMED).join(', ')} and ${ids.length - NAMED} more` : ids.join(', ')
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
  const known = listNames([...workflows.keys()])
  const advice = known === '' ? 'the config has none' : `there are ${known}`
  const what =
    name === undefined
      ? `No workflow is the default one; name one, or write "default: true" (${advice})`
      : `There is no workflow ${JSON.stringify(name)}; ${advice}`
  return new CallbackError('ERR_WORKFLOW_UNKNOWN', { message: what })
}

function report({ id, workflow, status }: TaskState, error: unknown, logger: Logger): void {
  const reason = reasonOf(error)
  logger.error(
    { task: id, workflow, err: error },
    `The task ${id} of ${nameOf('workflow', workflow)} ${status}: ${reason}`,
  )
}
