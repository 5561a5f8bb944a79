import type { HttpClientSpec } from '../../config/normalize'
import { CallbackError } from '../../base/errors'
import { isMapping } from '../../base/values/plain'
import type { Template } from '../../template/compile'
import { compileJudge } from '../../listener/outcome'
import type { AnsweredScope, Call, ComponentScope, EndingBranch } from '../call'
import { changeError } from '../job-error'
import { excerptOf } from '../../template/excerpt'
import type { HttpAnswer } from '../../http/client'
import { describeRequest, type HttpRequest } from '../../http/request/request'
import { createRedaction } from '../../http/secrets'

/** A request and its immediate answer. */
export interface Answered {
  readonly request: HttpRequest
  readonly answer: HttpAnswer
}

/** A task of a service that has begun: its result comes by a callback or by polling. */
export interface Begun extends Answered {
  readonly scope: AnsweredScope
  readonly call: Call
}

/** Adds what templates read of an immediate answer; all of it is null without one. */
export function answeredScope(scope: ComponentScope, answer: HttpAnswer | undefined): AnsweredScope {
  const { body = null, headers = null, status = null } = answer ?? {}
  return { ...scope, response: body, header: headers, status_code: status }
}

/**
 * Compiles `status`, `success_when` and `fail_when` of a component into a function that throws `ERR_HTTP_STATUS` for an
 * answer that means failure. Where neither a callback nor polling follows (`isLast`), an answer that `success_when` does
 * not list is a failure too.
 */
export function compileAnswerJudge(
  spec: Pick<HttpClientSpec, 'at' | 'status' | 'successWhen' | 'failWhen'>,
  secrets: readonly string[],
): (answered: Answered, scope: AnsweredScope, isLast: boolean) => void {
  const judge = compileJudge(spec)
  return ({ request, answer }, scope, isLast) => {
    const { verdict, status } = judge(scope)
    const isRefused = verdict === 'failed' || (isLast && verdict === 'pending' && spec.successWhen !== undefined)
    if (!isRefused) return
    const { text, value } = createRedaction(request, secrets)
    const body = value(answer.body)
    const found = status === undefined ? undefined : JSON.stringify(text(status))
    const why = describeVerdict(found, verdict === 'failed')
    throw new CallbackError('ERR_HTTP_STATUS', {
      at: spec.at,
      message: `${text(describeRequest(request))} answered ${answer.status}, and ${why}${quote(body)}`,
      answer: { status: answer.status, body },
      response: answer,
    })
  }
}

function describeVerdict(status: string | undefined, isFailure: boolean): string {
  if (status === undefined) return 'it has no status, which success_when asks for'
  return isFailure ? `its status ${status} means failure` : `its status ${status} is not in success_when`
}

/** Compiles `done_when`: true says that the immediate answer is the result already. */
export function compileDoneWhen({ completion }: HttpClientSpec): (scope: AnsweredScope) => boolean {
  const doneWhen = completion === undefined || completion.type === 'none' ? undefined : completion.doneWhen
  if (doneWhen === undefined) return () => false
  return (scope) => {
    const done = doneWhen.render(scope)
    return done === true || done === 'true'
  }
}

/** What a component's output is made of; `result` is undefined where nothing was waited for. */
export type MakeOutput = (scope: AnsweredScope, result: unknown, branch?: EndingBranch) => unknown

/**
 * Compiles a component's output. Unless its template reads `${result}` itself, the callback's result is laid over it,
 * so that a job's output holds both; where either is no mapping it is the result alone.
 */
export function compileOutput(template: Template | undefined): MakeOutput {
  const readsResult = template?.references.some(({ source }) => source === 'result') ?? false
  return (scope, result, branch) => {
    const output = template ? template.render({ ...scope, result: result ?? null, branch }) : scope.response
    if (result === undefined || readsResult) return output
    return isMapping(output) && isMapping(result) ? { ...output, ...result } : result
  }
}

/** Returns the error with the immediate answer that stood before it. */
export function withAnswer(error: unknown, { answer }: Answered): unknown {
  return error instanceof CallbackError ? changeError(error, { response: answer }) : error
}

/** Returns the error of a wait, whose message quotes the answer's beginning when no callback came in time. */
export function quotingAnswer(error: unknown, { request, answer }: Answered, secrets: readonly string[]): unknown {
  if (!(error instanceof CallbackError) || error.code !== 'ERR_WAIT_TIMEOUT') return error
  const { text, value } = createRedaction(request, secrets)
  const quoted = quote(value(answer.body))
  if (quoted === '') return error
  const border = /[.?]$/.test(error.message) ? ' ' : '; '
  const message = `${error.message}${border}${text(describeRequest(request))} had answered ${answer.status}${quoted}`
  return changeError(error, { message })
}

function quote(body: unknown): string {
  const excerpt = excerptOf(body)
  return excerpt === '' ? '' : `: ${excerpt}`
}
