import { isMapping } from '../../base/plain'
import type { Template } from '../../template/compile'
import type { AnsweredScope } from '../call'

/** What a component's output is made of; `result` is undefined where nothing was waited for. */
export type MakeOutput = (scope: AnsweredScope, result: unknown) => unknown

/**
 * Compiles a component's output. Unless its template reads `${result}` itself, the callback's result is laid over it,
 * so that a job's output holds both; where either is no mapping it is the result alone.
 */
export function compileOutput(template: Template | undefined): MakeOutput {
  const readsResult = template?.references.some(({ source }) => source === 'result') ?? false
  return (scope, result) => {
    const output = template ? template.render({ ...scope, result: result ?? null }) : scope.response
    if (result === undefined || readsResult) return output
    return isMapping(output) && isMapping(result) ? { ...output, ...result } : result
  }
}
