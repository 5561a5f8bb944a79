import type { CompletionSpec, HttpClientSpec } from '../../config/normalize'
import type { Template } from '../../template/compile'
import type { Endpoint } from '../../listener/endpoint'
import type { Selection } from '../../listener/paths/selection'
import { ticketUrl } from '../../listener/paths/callback-url'
import { type AnsweredScope, type Call, type ComponentScope, shorter } from '../call'
import type { FindCallbackUrls } from '../callback-urls/callback-urls'
import type { HttpAnswer } from '../../http/client'
import type { HttpRequest } from '../../http/request/request'
import type { Wanted } from './branches'
import { compileBranchPlan, type IssuedTicket, pathIn } from './branch-plan'

/** How a component recognises the callbacks of its request. */
export interface WaitPlan {
  /** Creates the ticket of one attempt, which its templates may read. */
  issue(call: Call): IssuedTicket
  /** Returns what to wait for; undefined when only the immediate answer counts. Throws `ERR_WAIT_ID` and `ERR_ENDPOINT_*`. */
  prepare(request: HttpRequest, call: Call, scope: ComponentScope, ticket: IssuedTicket): Wanted | undefined
  /** Returns more ids for each branch, which only the answer tells. */
  idsIn(answer: HttpAnswer, scope: AnsweredScope, wanted: Wanted): readonly (readonly string[])[]
}

export interface WaitPlanContext {
  readonly selection: Selection
  readonly findCallbackUrls: FindCallbackUrls
  /** The URL under which a service reaches an endpoint. Throws `ERR_GATEWAY_NOT_READY`. */
  readonly urlOf: (endpoint: Endpoint) => string
}

/** Compiles how a component recognises its callbacks: as `completion` says, else by the callback URLs in its request. */
export function compileWaitPlan({ completion, at }: HttpClientSpec, context: WaitPlanContext): WaitPlan {
  const { selection, findCallbackUrls, urlOf } = context
  const { mode, path, branches } = readPlan(completion, at)
  const plans = branches.map((branch) => ({ name: branch.name, ...compileBranchPlan(branch, selection) }))
  return {
    issue: ({ scope, ticketId }) => issueTicket(ticketId, () => selection.one(pathIn(path, scope)), urlOf),
    prepare(request, call, scope, ticket) {
      if (plans.length === 0) return undefined
      const rendered = { request, call, scope, ticket, urls: findCallbackUrls(request) }
      const prepared = plans.flatMap(({ name, prepare }) => {
        const wait = prepare(rendered)
        return wait ? [{ name, wait }] : []
      })
      return prepared.length === 0 ? undefined : { mode, branches: prepared }
    },
    idsIn: (answer, scope, wanted) =>
      plans.map(({ idsIn }, index) => {
        const wait = wanted.branches[index]?.wait
        return wait ? idsIn(answer, scope, wait) : []
      }),
  }
}

/** A wait as the config describes it. */
interface PlannedBranch {
  readonly name: string | undefined
  readonly at: string
  readonly path: Template | undefined
  readonly id: Template | undefined
  readonly timeoutMs: number | undefined
  /** Whether a callback ends the wait. */
  readonly when: Template | undefined
  /** Whether the config asks for it, whatever the request says. */
  readonly isAsked: boolean
}

interface Plan extends Pick<Wanted, 'mode'> {
  /** The endpoint that a ticket is for. */
  readonly path: Template | undefined
  /** Empty when nothing is waited for. */
  readonly branches: readonly PlannedBranch[]
}

function readPlan(completion: CompletionSpec | undefined, place: string): Plan {
  if (completion === undefined) {
    const nothing = { name: undefined, path: undefined, id: undefined, timeoutMs: undefined, when: undefined }
    return { mode: 'one', path: undefined, branches: [{ ...nothing, at: place, isAsked: false }] }
  }
  if (completion.type !== 'callback') return { mode: 'one', path: undefined, branches: [] }
  const { path, waitFor: id, timeoutMs, at, several, when } = completion
  const common = { name: undefined, at, path, id, timeoutMs, when, isAsked: true }
  if (several === undefined) return { mode: 'one', path, branches: [common] }
  const branches = several.branches.map((branch) => ({
    ...branch,
    path: branch.path ?? path,
    timeoutMs: shorter(branch.timeoutMs, timeoutMs),
    when: branch.when ?? when,
    isAsked: true,
  }))
  return { mode: several.mode, path, branches }
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
