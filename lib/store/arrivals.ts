import { adviceOn } from '../base/advice'
import { CallbackError, reasonOf } from '../base/errors'
import type { CallbackEvent, CallbackEventName, StrayRequest } from '../base/events'
import type { Progress } from '../base/contracts'
import { escapeControls } from '../base/secrets/escape'
import { isTicketId, maskTickets } from '../base/secrets/ticket-id'
import { cut } from '../template/excerpt'
import { createTally, type Tallied, type Tally } from './collections/tally'

/** A wait that ran out of time. */
export interface Vain {
  /** The number that `now` had when the wait began. */
  readonly since: number
  readonly ids: readonly string[]
  readonly endpoints: readonly { readonly key: string }[]
  /** The latest pending callback for one of its ids. */
  readonly last?: Progress | undefined
}

/** What has come to this process, so that a wait that ran out of time can say why. */
export interface Arrivals {
  /** Returns how many arrivals were noted: the moment from which a wait looks back, kept as one number. */
  now(): number
  /** Takes note of a callback that became something else than `received`. */
  note(name: CallbackEventName, event: CallbackEvent): void
  noteStray(stray: StrayRequest): void
  /** Takes note of what was guessed in the URL of a ticket. */
  noteGuess(endpoint: string, guess: string): void
  /** Takes note that requests get here at all. */
  noteRequest(): void
  /** Returns what came in place of the callback that a wait waited for, and what to do, in one or more sentences. */
  explain(vain: Vain): string
}

/** What came to one endpoint; the last of each kind, and when the others came. */
interface EndpointArrivals {
  readonly refused: Tally<unknown>
  readonly unidentified: Tally<undefined>
  readonly filtered: Tally<undefined>
  readonly pending: Tally<string | undefined>
  /** Callbacks that were settled, parked or started something. */
  readonly delivered: Tally<string | undefined>
}

/** The latest callback for an id. */
interface Seen {
  readonly at: number
  readonly endpoint: string
  readonly name: CallbackEventName
}

/** How many ids are remembered, and how long these may be. */
const MAX_IDS = 500
const MAX_ID_LENGTH = 200
/** How many requests that no endpoint takes are remembered. */
const MAX_STRAYS = 10
const MAX_REASON = 200

const NO_REQUEST =
  'No request has ever reached this middleware: is app.use(callbacks(...)) there, before a router that answers, and ' +
  'does the public URL lead here?'

const OTHERS = 'What came to the other processes that share the store is not known here.'

/**
 * Creates the memory of the arrivals of one `callbacks()`; its size has a limit. `isShared` says that other processes may
 * take the callbacks too.
 */
export function createArrivals(isShared = false): Arrivals {
  const endpoints = new Map<string, EndpointArrivals>()
  const seen = new Map<string, Seen>()
  const strays = createTally<undefined>()
  const guesses: { readonly endpoint: string; readonly guess: string }[] = []
  let lastStrays: readonly { readonly at: number; readonly stray: StrayRequest }[] = []
  let count = 0
  let isReached = false

  function remember(id: string | undefined, entry: Seen): void {
    if (id === undefined || id.length > MAX_ID_LENGTH) return
    seen.delete(id)
    seen.set(id, entry)
    const [oldest] = seen.size > MAX_IDS ? seen.keys() : []
    if (oldest !== undefined) seen.delete(oldest)
  }

  function describeStrays(vain: Vain): readonly string[] {
    const { since, ids } = vain
    const told = strays.since(since)
    if (told === undefined) return []
    const recent = lastStrays.filter(({ at }) => at > since).map(({ stray }) => stray)
    const isOn = (stray: StrayRequest): boolean => isOneOf(stray.meant(), vain)
    const isOwn = ({ id }: StrayRequest): boolean => id !== undefined && ids.includes(id)
    const shown = recent.findLast(isOwn) ?? recent.findLast(isOn) ?? recent.at(-1)
    if (shown === undefined) return []
    const meant = shown.meant()
    const name = isOwn(shown) ? `${shown.name}, with the id of this wait` : shown.name
    const which = meant === undefined ? name : `${name}; did you mean ${meant}?`
    return [`${howMany(told, 'request')} that no endpoint takes (${told.count === 1 ? '' : 'one of them '}${which})`]
  }

  return {
    now: () => count,
    note(name, { id, endpoint, error, outcome }) {
      count += 1
      const known = endpoints.get(endpoint) ?? createEndpointArrivals()
      endpoints.set(endpoint, known)
      if (name === 'rejected') return known.refused.add(count, error)
      if (name === 'unidentified') return known.unidentified.add(count, undefined)
      if (name === 'filtered') return known.filtered.add(count, undefined)
      // A wait that ran out of time is no arrival; a parked callback whose wait never came is one.
      if (outcome === undefined) return
      remember(id, { at: count, endpoint, name })
      if (name === 'pending') known.pending.add(count, id)
      else if (name !== 'expired') known.delivered.add(count, id)
    },
    noteStray(stray) {
      count += 1
      strays.add(count, undefined)
      lastStrays = [...lastStrays, { at: count, stray }].slice(-MAX_STRAYS)
    },
    noteGuess(endpoint, guess) {
      guesses.push({ endpoint, guess })
    },
    noteRequest() {
      isReached = true
    },
    explain(vain) {
      const known = vain.endpoints.flatMap(({ key }) => endpoints.get(key) ?? [])
      const meanwhile = [...describeMeanwhile(known, vain), ...describeStrays(vain)]
      const reasons = [
        ...vain.ids.flatMap((id) => describeOwn(id, seen.get(id), vain)).slice(0, 1),
        ...(vain.last === undefined ? [] : [describePending(vain.last)]),
        ...(meanwhile.length === 0 ? [] : [`Meanwhile this process saw ${meanwhile.join('; ')}.`]),
      ]
      if (reasons.length > 0) return reasons.join(' ')
      const guessed = vain.ids.some(isTicketId) ? guesses.filter(({ endpoint }) => isOneOf(endpoint, vain)) : []
      const nothing = isReached ? describeNothing(vain) : NO_REQUEST
      return [nothing, ...(isShared ? [OTHERS] : []), ...guessed.map(({ guess }) => `${guess}.`)].join(' ')
    },
  }
}

function createEndpointArrivals(): EndpointArrivals {
  return {
    refused: createTally(),
    unidentified: createTally(),
    filtered: createTally(),
    pending: createTally(),
    delivered: createTally(),
  }
}

/** Lists the callbacks that came to the endpoints of a wait and did not end it. */
function describeMeanwhile(known: readonly EndpointArrivals[], { since, last }: Vain): readonly string[] {
  const refused = sum(known.map((one) => one.refused.since(since)))
  const unidentified = sum(known.map((one) => one.unidentified.since(since)))
  const filtered = sum(known.map((one) => one.filtered.since(since)))
  // Without a pending callback of its own, all of them were for other ids.
  const others = sum(
    known.flatMap(({ delivered, pending }) => [
      delivered.since(since),
      ...(last === undefined ? [pending.since(since)] : []),
    ]),
  )
  return [
    ...(refused ? [`${howMany(refused, 'callback')} refused${lastOf(refused, describeRefusal(refused.last))}`] : []),
    ...(unidentified
      ? [`${howMany(unidentified, 'callback')} in which "identify_by" finds no id (does it read the right place?)`]
      : []),
    ...(filtered ? [`${howMany(filtered, 'callback')} for which "when" is false`] : []),
    ...(others ? [`${howMany(others, 'callback')} for ${describeOthers(others)}`] : []),
  ]
}

function sum<T>(found: readonly (Tallied<T> | undefined)[]): Tallied<T> | undefined {
  return found.reduce((all, one) => {
    if (all === undefined || one === undefined) return all ?? one
    const { at, last } = one.at > all.at ? one : all
    return { count: all.count + one.count, isAtLeast: all.isAtLeast || one.isAtLeast, at, last }
  }, undefined)
}

function howMany({ count, isAtLeast }: Tallied<unknown>, noun: string): string {
  return `${isAtLeast ? 'at least ' : ''}${count} ${noun}${count === 1 ? '' : 's'}`
}

function lastOf({ count }: Tallied<unknown>, what: string): string {
  return count === 1 ? ` with ${what}` : `, the last one with ${what}`
}

function describeOthers({ count, last }: Tallied<string | undefined>): string {
  if (last === undefined) return count === 1 ? 'another wait' : 'other waits'
  return count === 1 ? `another id, ${quote(last)}` : `other ids, the last one for ${quote(last)}`
}

function describeRefusal(error: unknown): string {
  const code = error instanceof CallbackError ? error.code : 'ERR_INTERNAL'
  const advice = adviceOn(error)
  const reason = cut(escapeControls(maskTickets(reasonOf(error))), MAX_REASON)
  return `${code} (${reason}${advice === undefined ? '' : `; ${advice}`})`
}

function isOneOf(endpoint: string | undefined, { endpoints }: Vain): boolean {
  return endpoints.some(({ key }) => key === endpoint)
}

/** Says what became of a callback for an id of the wait that did not end it. */
function describeOwn(id: string, found: Seen | undefined, vain: Vain): readonly string[] {
  if (found === undefined) return []
  const { at, endpoint, name } = found
  const callback = `A callback for ${quote(id)} came`
  if (!isOneOf(endpoint, vain)) {
    const advice = `wait for that path, or have it sent to ${nameOf(vain)}`
    return [`${callback} to ${endpoint}, which cannot end this wait: ${advice}.`]
  }
  if (at > vain.since || name === 'pending' || name === 'parked') return []
  if (name === 'expired')
    return [
      `${callback} before this wait began, and was dropped when its time in "store.park" was over: begin the wait ` +
        'sooner, or raise "store.park.for".',
    ]
  const end = name === 'started' ? 'started a workflow' : 'ended another wait'
  return [`${callback} before this wait began, and ${end}: begin each wait before its service is called.`]
}

function describePending({ status }: Progress): string {
  if (status === undefined) return 'Is the status final but elsewhere in the callback? Then mend the template "status".'
  return `If the status ${quote(status)} is final, name it in "success_when" or "fail_when".`
}

function nameOf({ endpoints }: Vain): string {
  return endpoints.length > 3 ? 'an endpoint of this wait' : endpoints.map(({ key }) => key).join(' or ')
}

function describeNothing(vain: Vain): string {
  return (
    `Nothing else came to it in this process: compare the URL that the service calls (its host, mount path, path and ` +
    `method) with ${nameOf(vain)}.`
  )
}

function quote(text: string): string {
  return maskTickets(JSON.stringify(cut(text, 64)))
}
