import type { LoggerSpec } from '../../config/normalize'
import { LOG_LEVELS, type LogLevel } from '../../config/field/words'
import { digitsAsText, writeJson } from '../../template/bigints'
import type { Logger } from '../../base/contracts'
import { nameAtStart } from '../../base/unnamed'
import type { Execute } from '../call'

/**
 * Compiles a logger: it writes the `message` and `data` of its input at the input's `level`. Its output is the data, or
 * without data the output of the job above.
 */
export function compileLogger(spec: Pick<LoggerSpec, 'level'>, logger: Logger): Execute {
  return async ({ scope }) => {
    const { level, message, data } = readInput(scope.input)
    const { job_id: job, task_id: task } = scope.context
    const details = data === undefined ? { job, task } : { job, task, data: digitsAsText(data) }
    logger[toLevel(level) ?? spec.level](
      details,
      message === undefined ? nameAtStart('job', job, String) : toText(message),
    )
    return data === undefined ? scope.output : data
  }
}

interface LogInput {
  readonly level?: unknown
  readonly message?: unknown
  readonly data?: unknown
}

/** An input that is no mapping is the message. */
function readInput(input: unknown): LogInput {
  if (input === null || input === undefined) return {}
  return typeof input === 'object' && !Array.isArray(input) ? input : { message: input }
}

function toLevel(value: unknown): LogLevel | undefined {
  const name = typeof value === 'string' ? value.toLowerCase() : undefined
  return LOG_LEVELS.find((level) => level === name)
}

function toText(value: unknown): string {
  return typeof value === 'string' ? value : (writeJson(value) ?? '')
}
