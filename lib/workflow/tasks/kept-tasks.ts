import type { KeptRun, RunHost, RunKeeper, RunRecord } from '../../base/run'
import type { Claim, Clock, Logger } from '../../base/contracts'
import type { RunWorkflow } from '../runner'
import { taskCancelled } from './limits'
import type { TaskStart } from './running-task'
import { createTakeUpLog } from './take-up-log'

export interface KeptTasksContext {
  readonly keeper: RunKeeper
  /** What the workflows are made of, to be kept with each task. */
  readonly definition: unknown
  /** Returns the workflow of a definition that was kept. Throws when it does not fit the rest of the config any more. */
  readonly restore: (definition: unknown, workflow: string) => RunWorkflow
  readonly clock: Clock
  readonly logger: Logger
  /** Starts a task here. */
  readonly launch: (task: TaskStart, record: RunRecord) => void
  /** Ends a task with a reason, if it runs here. */
  readonly end: RunHost['drop']
}

/** The tasks that a durable store keeps: those started here, and those of processes that are gone. */
export interface KeptTasks {
  /** Keeps a task that is about to start; undefined when the store has or had it, or its delivery was claimed before. */
  keep(task: TaskStart, claim: Claim | undefined): Promise<RunRecord | undefined>
  /** Takes up no more tasks of other processes. */
  close(): void
}

/** Keeps tasks in a store, and takes up those that the store hands over once it is open. */
export function createKeptTasks(context: KeptTasksContext): KeptTasks {
  const { keeper, definition, restore, clock, logger, launch, end } = context
  const told = createTakeUpLog(clock, logger)
  let isOver = false

  function takeUp(
    { id, workflow, definition: kept, input, startedAt, deadline, trace }: KeptRun,
    record: RunRecord,
  ): void {
    const run: RunWorkflow = async (one) => restore(kept, workflow)(one)
    // Named one by one: of a hundred thousand tasks, each would have a hidden class of its own after a spread.
    launch(
      {
        id,
        workflow,
        run,
        input,
        startedAt,
        timeoutMs: undefined,
        deadline,
        signal: undefined,
        letGo: () => undefined,
        isUnattended: true,
        trace: trace && { trace, end: undefined },
      },
      record,
    )
  }

  keeper.attach({
    adopt(kept) {
      if (isOver) {
        for (const { record } of kept) record.leave()
        return
      }
      told.add(kept.map(({ run: { id } }) => id))
      for (const { run, record } of kept) takeUp(run, record)
    },
    cancel: (id) => end(id, taskCancelled(id)),
    drop: end,
  })

  return {
    keep({ id, workflow, input, startedAt, deadline, letGo, trace }, claim) {
      const record = keeper.begin({ id, workflow, definition, input, startedAt, deadline, trace: trace?.trace }, claim)
      record.catch(letGo)
      return record
    },
    close() {
      isOver = true
      told.close()
    },
  }
}
