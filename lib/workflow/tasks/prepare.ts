import { listNames } from '../../base/unnamed'
import { randomUUID } from 'node:crypto'
import type { WorkflowSpec } from '../../config/normalize'
import { CallbackError } from '../../base/errors'
import type { Clock } from '../../base/contracts'
import type { Tracing } from '../../tracing/tracing'
import { shorter } from '../call'
import type { RunWorkflow } from '../runner'
import type { TaskStart } from './running-task'
import type { TaskRequest } from './task'
import { checkKeepable, checkSignal, type WaitRoom } from './limits'

export interface PrepareContext {
  readonly workflows: ReadonlyMap<string, WorkflowSpec>
  readonly runs: ReadonlyMap<string, RunWorkflow>
  /** The workflows that may wait for a callback. */
  readonly waiting: ReadonlySet<string>
  readonly room: WaitRoom
  readonly clock: Clock
  readonly tracing?: Tracing | undefined
}

/**
 * Checks a request for a task, and keeps room for its first wait. Throws `ERR_WORKFLOW_UNKNOWN`, `ERR_CONFIG_VALUE` (no
 * signal; a stream, where the task `isKept`) and `ERR_WAITS_FULL`.
 */
export function prepareTask(
  request: TaskRequest,
  { workflows, runs, waiting, room, clock, tracing }: PrepareContext,
  { id = randomUUID(), isKept }: { readonly id?: string | undefined; readonly isKept: boolean },
): TaskStart {
  const { workflow: name, input, signal, isUnattended = false, isRequested = false } = request
  const workflow = name === undefined ? [...workflows.values()].find((one) => one.isDefault) : workflows.get(name)
  const run = workflow && runs.get(workflow.id)
  if (workflow === undefined || run === undefined) throw unknownWorkflow(name, [...workflows.keys()])
  checkSignal(signal)
  if (isKept) checkKeepable(input)
  const mayWait = waiting.has(workflow.id)
  if (isRequested && mayWait) room.require()
  const startedAt = clock.now()
  const timeoutMs = shorter(request.timeoutMs, workflow.timeoutMs)
  const deadline = timeoutMs === undefined ? undefined : startedAt + timeoutMs
  const letGo = mayWait ? room.keep() : () => undefined
  return {
    id,
    workflow: workflow.id,
    run,
    input: input ?? null,
    startedAt,
    timeoutMs,
    deadline,
    signal,
    letGo,
    isUnattended,
    trace: tracing?.startRun({ task: id, workflow: workflow.id }, request.headers),
  }
}

function unknownWorkflow(name: string | undefined, ids: readonly string[]): CallbackError {
  const known = listNames(ids)
  const advice = known === '' ? 'the config has none' : `there are ${known}`
  const message =
    name === undefined
      ? `No workflow is the default one; name one, or write "default: true" (${advice})`
      : `There is no workflow ${JSON.stringify(name)}; ${advice}`
  return new CallbackError('ERR_WORKFLOW_UNKNOWN', { message })
}
