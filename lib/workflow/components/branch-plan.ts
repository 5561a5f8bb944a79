import { ANSWER_SOURCES } from '../../config/field/template-sources'
import type { Template } from '../../template/compile'
import type { Endpoint } from '../../listener/endpoint'
import type { Selection } from '../../listener/paths/selection'
import { readWaitIds } from '../../listener/ids'
import { type AnsweredScope, type Call, type CallTicket, type ComponentScope, deadlineOf } from '../call'
import { idsInAnswer, idsInRequest } from '../callback-urls/callback-ids'
import type { CallbackUrl } from '../callback-urls/callback-urls'
import type { HttpAnswer } from '../../http/client'
import type { HttpRequest } from '../../http/request/request'
import type { BranchWait } from './branches'
import { compileFilter } from './filter'

export interface IssuedTicket {
  readonly source: CallTicket
  /** Whether a template has read it, so that a callback will carry it. */
  isUsed(): boolean
}

/** A request that is about to be sent. */
export interface RenderedRequest {
  readonly request: HttpRequest
  readonly call: Call
  readonly scope: ComponentScope
  readonly ticket: IssuedTicket
  /** The URLs of our endpoints that it carries. */
  readonly urls: readonly CallbackUrl[]
}

/** How one callback of a request is recognised. */
export interface BranchPlan {
  /** Returns the wait; undefined when nothing says that a callback comes. Throws `ERR_WAIT_ID` and `ERR_ENDPOINT_*`. */
  prepare(rendered: RenderedRequest): BranchWait | undefined
  /** Returns more ids, which only the answer tells. */
  idsIn(answer: HttpAnswer, scope: AnsweredScope, wait: BranchWait): readonly string[]
}

/** What the config says of one callback. */
export interface BranchPlanSpec {
  readonly at: string
  readonly path: Template | undefined
  /** The id or ids; without it they are those that the request and its answer announce. */
  readonly id: Template | undefined
  readonly timeoutMs: number | undefined
  /** Whether a callback ends the wait; without it each one does. */
  readonly when: Template | undefined
  /** Whether the config asks for the callback, whatever the request says. */
  readonly isAsked: boolean
}

/** Compiles how one callback of a request is recognised. */
export function compileBranchPlan(
  { at, path, id, timeoutMs, when, isAsked }: BranchPlanSpec,
  selection: Selection,
): BranchPlan {
  const filter = compileFilter(when)
  const idsAreAnswered = id?.references.some(({ source }) => ANSWER_SOURCES.has(source)) ?? false

  function endpointsOf({ urls, ticket, scope }: RenderedRequest): readonly Endpoint[] {
    const named = pathIn(path, scope)
    if (named !== undefined) return selection.any(named)
    if (urls.length > 0) return [...new Set(urls.map(({ endpoint }) => endpoint))]
    if (ticket.isUsed()) return [selection.one(undefined)]
    return isAsked ? selection.any(undefined) : []
  }

  function idsOf({ request, urls, scope, ticket }: RenderedRequest, endpoints: readonly Endpoint[]): readonly string[] {
    const told = urls.filter(({ endpoint }) => endpoints.includes(endpoint))
    const ofTicket = ticket.isUsed() ? [ticket.source.id] : []
    const named =
      id && !idsAreAnswered
        ? readWaitIds(id.render(scope), at)
        : [scope.context.run_id, ...idsInRequest(request, told, scope.env)]
    return [...new Set([...ofTicket, ...named])]
  }

  return {
    prepare(rendered) {
      const endpoints = endpointsOf(rendered)
      if (endpoints.length === 0) return undefined
      const ids = idsOf(rendered, endpoints)
      const queued = filter === undefined && !rendered.ticket.isUsed() && endpoints.some(({ anonymous }) => anonymous)
      const deadline = deadlineOf(rendered.call, timeoutMs, endpoints)
      return { endpoints, ids, deadline, queued, when: filter?.(endpoints, ids, rendered, at) }
    },
    idsIn(answer, scope, { endpoints }) {
      if (id === undefined) return idsInAnswer(answer, endpoints, scope.env)
      return idsAreAnswered ? readWaitIds(id.render(scope), at) : []
    },
  }
}

/** Returns the path that a completion names; undefined when it names none. */
export function pathIn(template: Template | undefined, scope: object): string | undefined {
  const path = template?.render(scope)
  return path === undefined || path === null || path === '' ? undefined : String(path)
}
