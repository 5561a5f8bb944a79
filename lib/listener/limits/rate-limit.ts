import { elapsedOf } from '../../base/timers'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Rate } from '../../config/field/values'
import { CallbackError } from '../../base/errors'
import type { Clock } from '../../base/contracts'
import type { ListenerRequest } from '../../body/request'
import type { SenderOf } from './sender-address'

/** Counts a request. For one too many, sets Retry-After on the answer and rejects with `ERR_RATE_LIMITED`. */
export type RateLimit = (request: ListenerRequest, response: ServerResponse) => Promise<void>

/** Creates the limit of one listener: requests of each sender in a window. The addresses of an IPv6 subnet (/56) are one sender. */
export function createRateLimit({ count, windowMs }: Rate, senderOf: SenderOf, clock: Clock): RateLimit {
  const { rateLimit, ipKeyGenerator } = rateLimitLibrary()
  const limit = rateLimit({
    windowMs,
    limit: count,
    store: createHitCounts(windowMs, clock),
    keyGenerator: (request) => ipKeyGenerator(senderOf(request)),
    handler(request, response, next) {
      const { key, resetTime } = request.rateLimit
      const seconds = Math.max(Math.ceil((resetTime.getTime() - clock.now()) / 1000), 1)
      response.setHeader('retry-after', String(seconds))
      next(tooMany(key, count, windowMs))
    },
    legacyHeaders: false,
    standardHeaders: false,
    validate: false,
  })
  return (request, response) =>
    new Promise((resolve, reject) => {
      void limit(request, response, (error) => (error === undefined ? resolve() : reject(error)))
    })
}

/** A request over the limit, with what was counted. */
interface LimitedRequest extends IncomingMessage {
  readonly rateLimit: { readonly key: string; readonly resetTime: Date }
}

interface RateLimitOptions {
  readonly windowMs: number
  readonly limit: number
  readonly store: HitCounts
  keyGenerator(request: ListenerRequest): string
  handler(request: LimitedRequest, response: ServerResponse, next: (error: unknown) => void): void
  readonly legacyHeaders: false
  readonly standardHeaders: false
  /** The library's own checks are for Express alone, and do not use our logger. */
  readonly validate: false
}

/** The part of express-rate-limit that is used, on the types of node:http: it reads nothing that only Express has. */
interface RateLimitLibrary {
  rateLimit(
    options: RateLimitOptions,
  ): (request: ListenerRequest, response: ServerResponse, next: (error?: unknown) => void) => Promise<void>
  ipKeyGenerator(address: string): string
}

/** Loaded by the first listener with a limit. */
function rateLimitLibrary(): RateLimitLibrary {
  return require('express-rate-limit')
}

function tooMany(key: string, count: number, windowMs: number): CallbackError {
  const message = `${key} has sent more than ${count} requests in ${windowMs} ms (rate_limit)`
  return new CallbackError('ERR_RATE_LIMITED', { message })
}

/** Counts the requests of each sender in its window: the `Store` of express-rate-limit. */
export interface HitCounts {
  increment(key: string): { readonly totalHits: number; readonly resetTime: Date }
  decrement(key: string): void
  resetKey(key: string): void
}

interface Hits {
  total: number
  /** When the window ends, by the monotonic clock. */
  readonly end: number
}

/** About 10 MB. */
const MAX_SENDERS = 100_000

/**
 * Creates counts without timers, of at most `maxSenders`. A window begins with a sender's first request. Two maps take turns:
 * at each turn, the senders that were not seen since the turn before are forgotten at no cost. A turn comes when a window has
 * passed, so that the windows of these senders are over, or when a flood of senders has filled a map.
 */
export function createHitCounts(windowMs: number, clock: Clock, maxSenders = MAX_SENDERS): HitCounts {
  let recent = new Map<string, Hits>()
  let before = new Map<string, Hits>()
  let turnedAt = Number.NEGATIVE_INFINITY
  const elapsed = elapsedOf(clock)

  function turn(now: number): void {
    if (now - turnedAt < windowMs && recent.size < maxSenders / 2) return
    before = recent
    recent = new Map()
    turnedAt = now
  }

  function find(key: string): Hits | undefined {
    return recent.get(key) ?? before.get(key)
  }

  return {
    increment(key) {
      const now = elapsed()
      turn(now)
      const known = find(key)
      const hits = known && known.end > now ? known : { total: 0, end: now + windowMs }
      hits.total += 1
      recent.set(key, hits)
      return { totalHits: hits.total, resetTime: new Date(Math.ceil(clock.now() + hits.end - now)) }
    },
    decrement(key) {
      const hits = find(key)
      if (hits && hits.total > 0) hits.total -= 1
    },
    resetKey(key) {
      recent.delete(key)
      before.delete(key)
    },
  }
}
