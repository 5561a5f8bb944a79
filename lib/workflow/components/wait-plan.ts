import type { HttpClientSpec } from '../../config/normalize'
import { ANSWER_SOURCES } from '../../config/field/template-sources'
import type { Endpoint } from '../../listener/endpoint'
import type { Selection } from '../../listener/paths/selection'
import { ticketUrl } from '../../listener/paths/callback-url'
import { readWaitIds } from '../../listener/ids'
import { type AnsweredScope, type Call, type CallTicket, type ComponentScope, deadlineOf } from '../call'
import { idsInAnswer, idsInRequest } from '../callback-urls/callback-ids'
import type { CallbackUrl, FindCallbackUrls } from '../callback-urls/callback-urls'
import type { HttpAnswer } from '../../http/client'
import type { HttpRequest } from '../../http/request/request'

/** What a request waits for, found before it is sent. */
export interface Waiting {
  readonly endpoints: readonly Endpoint[]
  readonly ids: readonly string[]
  /** Milliseconds since the epoch. */
  readonly deadline: number
  /** Whether a callback without an id may be the one. */
  readonly queued: boolean
}

export interface IssuedTicket {
  readonly source: CallTicket
  /** Whether a template has read it, so that a callback will carry it. */
  isUsed(): boolean
}

/** How a component recognises the callback of its request. */
export interface WaitPlan {
  /** Creates the ticket of one attempt, which its templates may read. */
  issue(call: Call): IssuedTicket
  /** Returns what to wait for; undefined when only the immediate answer counts. Throws `ERR_WAIT_ID` and `ERR_ENDPOINT_*`. */
  prepare(request: HttpRequest, call: Call, scope: ComponentScope, ticket: IssuedTicket): Waiting | undefined
  /** Returns more ids, which only the answer tells. */
  idsIn(answer: HttpAnswer, scope: AnsweredScope, waiting: Waiting): readonly string[]
}

export interface WaitPlanContext {
  readonly selection: Selection
  readonly findCallbackUrls: FindCallbackUrls
  /** The URL under which a service reaches an endpoint. Throws `ERR_GATEWAY_NOT_READY`. */
  readonly urlOf: (endpoint: Endpoint) => string
}

/** Compiles how a component recognises its callback: as `completion` says, else by the callback URL in its request. */
export function compileWaitPlan(
  spec: HttpClientSpec,
  { selection, findCallbackUrls, urlOf }: WaitPlanContext,
): WaitPlan {
  const { completion } = spec
  const byCallback = completion?.type === 'callback' ? completion : undefined
  const mayWait = completion === undefined || byCallback !== undefined
  const idsAreAnswered = byCallback?.waitFor?.references.some(({ source }) => ANSWER_SOURCES.has(source)) ?? false

  function pathIn(scope: object): string | undefined {
    const path = byCallback?.path?.render(scope)
    return path === undefined || path === null || path === '' ? undefined : String(path)
  }

  function endpointsOf(urls: readonly CallbackUrl[], ticket: IssuedTicket, scope: ComponentScope): readonly Endpoint[] {
    const path = pathIn(scope)
    if (path !== undefined) return selection.any(path)
    if (urls.length > 0) return [...new Set(urls.map(({ endpoint }) => endpoint))]
    if (ticket.isUsed()) return [selection.one(undefined)]
    return byCallback ? selection.any(undefined) : []
  }

  function idsOf(
    request: HttpRequest,
    urls: readonly CallbackUrl[],
    scope: ComponentScope,
    ticket: IssuedTicket,
  ): readonly string[] {
    const ofTicket = ticket.isUsed() ? [ticket.source.id] : []
    const named =
      byCallback?.waitFor && !idsAreAnswered
        ? readWaitIds(byCallback.waitFor.render(scope), byCallback.at)
        : [scope.context.run_id, ...idsInRequest(request, urls, scope.env)]
    return [...new Set([...ofTicket, ...named])]
  }

  return {
    issue: ({ scope, ticketId }) => issueTicket(ticketId, () => selection.one(pathIn(scope)), urlOf),
    prepare(request, call, scope, ticket) {
      const urls = mayWait ? findCallbackUrls(request) : []
      const endpoints = mayWait ? endpointsOf(urls, ticket, scope) : []
      if (endpoints.length === 0) return undefined
      const told = urls.filter(({ endpoint }) => endpoints.includes(endpoint))
      return {
        endpoints,
        ids: idsOf(request, told, scope, ticket),
        deadline: deadlineOf(call, byCallback?.timeoutMs, endpoints),
        queued: !ticket.isUsed() && endpoints.some(({ anonymous }) => anonymous),
      }
    },
    idsIn(answer, scope, waiting) {
      if (byCallback?.waitFor === undefined) return idsInAnswer(answer, waiting.endpoints, scope.env)
      return idsAreAnswered ? readWaitIds(byCallback.waitFor.render(scope), byCallback.at) : []
    },
  }
}

/** Creates the ticket of an attempt; its endpoint is looked for only when a template asks for the URL. */
function issueTicket(id: string, endpointOf: () => Endpoint, urlOf: (endpoint: Endpoint) => string): IssuedTicket {
  let isUsed = false
  return {
    source: {
      get id() {
        isUsed = true
        return id
      },
      get url() {
        isUsed = true
        return ticketUrl(endpointOf(), urlOf, id)
      },
    },
    isUsed: () => isUsed,
  }
}
