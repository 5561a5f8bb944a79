import type { ServerResponse } from 'node:http'
import { writeShown } from '../../base/values/shown-json'

/** How a run has ended, or that it runs. */
export interface RunEnd {
  readonly status: string
  readonly output?: unknown
  readonly error?: { readonly code: string } | undefined
}

/** A run as the sender of its request is told of it. */
export interface ShownRun {
  /** The index of the item that has started it. */
  readonly index: number
  /** Undefined for a repeated delivery whose run is not known here, or not any more. */
  readonly task: string | undefined
  /** Undefined while it goes on. */
  readonly end: RunEnd | undefined
}

export interface AnswerOptions {
  /** Whether the answer is a list. */
  readonly bulk: boolean
  readonly statusUrlOf: (task: string) => string | undefined
}

const FAILED = 500
const GOES_ON = 202

/**
 * Answers with the output of a run and 200, with its error's code and 500, or with 202 and where to look. A bulk request is
 * answered with a list: 200 when all have ended, however they did, else 202. Does nothing when the client is gone.
 */
export function answerRuns(response: ServerResponse, runs: readonly ShownRun[], options: AnswerOptions): void {
  if (response.headersSent || response.destroyed) return
  const [first] = runs
  if (options.bulk || first === undefined) {
    const isDone = runs.every(({ end }) => end !== undefined)
    return write(
      response,
      isDone ? 200 : GOES_ON,
      runs.map((run) => ({ index: run.index, ...viewRun(run, options) })),
    )
  }
  const { task, end } = first
  if (end?.status === 'succeeded') return write(response, 200, end.output ?? null)
  const url = end === undefined && task !== undefined ? options.statusUrlOf(task) : undefined
  if (url !== undefined) response.setHeader('location', url)
  write(response, end === undefined ? GOES_ON : FAILED, viewRun(first, options))
}

/** An error is shown by its code alone: its message may quote what a service has answered. */
function viewRun({ task, end }: ShownRun, { statusUrlOf }: AnswerOptions): object {
  if (task === undefined) return { task_id: null, status: 'duplicate' }
  if (end === undefined) {
    const url = statusUrlOf(task)
    return { task_id: task, status: 'running', ...(url !== undefined && { url }) }
  }
  const { status, output, error } = end
  if (status === 'succeeded') return { task_id: task, status, output: output ?? null }
  return { task_id: task, status, error: { code: error?.code ?? 'ERR_INTERNAL' } }
}

function write(response: ServerResponse, status: number, value: unknown): void {
  const text = writeShown(value)
  response.statusCode = status
  response.setHeader('content-type', 'application/json; charset=utf-8')
  response.setHeader('cache-control', 'no-store')
  response.setHeader('x-content-type-options', 'nosniff')
  response.end(text)
}
