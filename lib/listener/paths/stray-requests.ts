import type { IncomingMessage } from 'node:http'
import type { StrayRequest } from '../../base/events'
import { ANSWER_STATUS } from '../../base/errors'
import { escapeControls } from '../../base/secrets/escape'
import { createMessageMask, listSpellings } from '../../base/secrets/mask'
import { listSecrets } from '../../base/secrets/secret-names'
import { maskTickets } from '../../base/secrets/ticket-id'
import type { Clock, Logger } from '../../base/contracts'
import { type ListenerRequest, splitUrl, targetOf } from '../../body/request'
import { cut } from '../../template/excerpt'
import type { Recorder } from '../../deliveries/deliveries'
import type { Endpoint } from '../endpoint'
import type { MountPath } from './mount-path'
import { compileFindMeant } from './nearest-route'
import { createRouteTable } from './route-table'
import { readTicketQuery } from './ticket-query'

/** Takes note of requests that no endpoint takes; `mount` is a path that stands before those of the endpoints. */
export interface StrayRequests {
  /** A request that is answered 404: written into the log, the first ten, then one a minute. */
  noteRefused(request: IncomingMessage, mount?: MountPath): void
  /**
   * A request that the host app gets: only one that looks like a callback counts, and only a log of the level debug tells
   * of it.
   */
  notePassedOn(request: IncomingMessage, mount?: MountPath): void
}

export interface StrayContext {
  /** Remembers a request for waits that run out of time. */
  readonly remember: (stray: StrayRequest) => void
  /** Keeps as deliveries those that are logged: a flood of others must not push out the callbacks. */
  readonly recorder: Recorder | undefined
  readonly logger: Logger
  readonly clock: Clock
  readonly env: Readonly<Record<string, string>>
}

/** How many requests are logged one by one, and how long each later line stands for, in milliseconds. */
const MAX_LINES = 10
const PAUSE_MS = 60_000
const MAX_NAME = 200
/** A service appends `callback_id` in whatever writing; this is but a first look. */
const TICKET = /callback(?:_|%5f)id/i

/** Creates the notes on requests that none of these endpoints takes. */
export function createStrayRequests(endpoints: readonly Endpoint[], context: StrayContext): StrayRequests {
  const { remember, recorder, logger, clock, env } = context
  const findEndpoint = compileFindMeant(endpoints)
  const table = createRouteTable(endpoints)
  const mask = createMessageMask(listSpellings(listSecrets(env)))
  const looksOurs = compileLooksOurs(endpoints.map(({ path }) => path))
  const countLeft = createPace(clock)

  function keep(request: ListenerRequest, why: string, status: number | undefined): void {
    const course = recorder?.begin(request, targetOf(request), undefined)
    if (course === undefined) return
    course.end('unrouted')
    Object.assign(course, { why, status })
    recorder?.end(course)
  }

  /** Returns its name, and what finds the name of the route that was meant. */
  function note(request: ListenerRequest, mount: MountPath | undefined): Noted {
    const { method = '', url, originalUrl = url } = request
    const { path, query } = splitUrl(url)
    const whole = splitUrl(originalUrl).path
    const rest = below(path, mount)
    const prefix = whole.endsWith(rest) ? whole.slice(0, -rest.length) : ''
    const ticket = TICKET.test(query) ? readTicketQuery(query) : undefined
    const id = typeof ticket === 'string' ? ticket : undefined
    const show = (text: string): string => cut(escapeControls(maskTickets(hideTokens(mask(text)))), MAX_NAME)
    const name = `${show(method)} ${show(whole)}`
    const meant = once(() => findEndpoint(rest))
    remember({ name, id, meant: () => meant()?.key })
    return {
      name,
      findMeant() {
        const found = meant()
        if (found === undefined) return undefined
        // The endpoint of another listener, which has a server or a mount of its own.
        const elsewhere = found === table.find(method, rest)?.route ? ` on port ${found.listener.port}` : ''
        return `${found.method} ${show(prefix)}${found.path}${elsewhere}`
      },
    }
  }

  return {
    noteRefused(request, mount) {
      const { name, findMeant } = note(request, mount)
      const left = countLeft()
      if (left === undefined) return
      const meant = findMeant()
      const advice = meant === undefined ? `there are ${listSome(endpoints)}` : `did you mean ${meant}?`
      const more = left === 0 ? '' : ` (and ${left} more since the line before)`
      const level = meant === undefined ? 'info' : 'warn'
      logger[level]({ code: 'ERR_NOT_FOUND' }, `${name} 404: no endpoint; ${advice}${more}`)
      keep(request, `No endpoint takes this method and path; ${advice}`, ANSWER_STATUS.ERR_NOT_FOUND)
    },
    notePassedOn(request, mount) {
      const url = below(request.url ?? '', mount)
      // What another listener takes may only be on its way there.
      if (!looksOurs(url) || table.find(request.method ?? '', splitUrl(url).path)) return
      const { name, findMeant } = note(request, mount)
      if (countLeft() === undefined) return
      const meant = findMeant()
      const advice = meant === undefined ? '' : `; did you mean ${meant}?`
      logger.debug({}, `${name} is passed on to the app: no endpoint takes it${advice}`)
      keep(request, `No endpoint takes this method and path, and the request went on to the app${advice}`, undefined)
    },
  }
}

interface Noted {
  readonly name: string
  readonly findMeant: () => string | undefined
}

/** Returns a path without the mount before it; the whole path where that is not there. */
function below(path: string, mount: MountPath | undefined): string {
  return mount?.strip(path)?.rest ?? path
}

/** Creates the pace of a log: returns how many were left out since the last line, or undefined for one to leave out. */
function createPace(clock: Clock): () => number | undefined {
  let lines = 0
  let left = 0
  let until = 0
  return () => {
    const now = clock.now()
    lines += 1
    if (lines > MAX_LINES && now < until) {
      left += 1
      return undefined
    }
    const more = left
    left = 0
    until = now + PAUSE_MS
    return more
  }
}

/** A long part of a path that mixes letters and digits may be a token. */
function hideTokens(path: string): string {
  return path.replaceAll(/[^/]{20,}/g, (part) =>
    /\d/.test(part) && /[a-z]/i.test(part) ? `${part.slice(0, 4)}…` : part,
  )
}

/**
 * Compiles a look at a URL: whether its path begins or ends with a part of one of these paths, or its query may carry a
 * ticket. The app's own requests pay for it, so that most of them are told apart by the lengths of those parts.
 */
function compileLooksOurs(paths: readonly string[]): (url: string) => boolean {
  const parts = paths.map((path) => path.toLowerCase().split('/').filter(Boolean))
  const firsts = createWords(parts.map((path) => path[0]))
  const lasts = createWords(parts.map((path) => path.at(-1)))
  return (url) => {
    const mark = url.indexOf('?')
    let end = mark < 0 ? url.length : mark
    if (end > 1 && url[end - 1] === '/') end -= 1
    const slash = url.indexOf('/', 1)
    const isNear =
      firsts.has(url, 1, slash < 0 ? end : Math.min(slash, end)) ||
      lasts.has(url, url.lastIndexOf('/', end - 1) + 1, end)
    return isNear || (mark >= 0 && TICKET.test(url))
  }
}

interface Words {
  /** Whether a part of a text is one of the words, in whatever case. */
  has(text: string, from: number, to: number): boolean
}

function createWords(list: readonly (string | undefined)[]): Words {
  const words = new Set(list.filter((word) => word !== undefined))
  const lengths = new Set([...words].map(({ length }) => length))
  return { has: (text, from, to) => lengths.has(to - from) && words.has(text.slice(from, to).toLowerCase()) }
}

function once<T>(find: () => T): () => T {
  let found: { readonly value: T } | undefined
  return () => (found ??= { value: find() }).value
}

function listSome(endpoints: readonly Endpoint[]): string {
  const names = endpoints.map(({ key }) => key)
  const shown = names.slice(0, 3).join(', ') || 'none'
  return names.length > 3 ? `${shown} and ${names.length - 3} more` : shown
}
