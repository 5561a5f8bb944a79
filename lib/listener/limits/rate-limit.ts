import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Rate } from '../../config/field/values'
import { CallbackError } from '../../base/errors'
import type { Clock } from '../../base/contracts'
import { createHitCounts, type HitCounts } from './hit-counts'
import type { ListenerRequest } from '../../body/request'
import type { SenderOf } from './sender-address'

/** Counts a request. Rejects with `ERR_RATE_LIMITED` for one too many, whose answer has its Retry-After by then. */
export type RateLimit = (request: ListenerRequest, response: ServerResponse) => Promise<void>

/** Gives the limit of one listener: so many requests of each sender in a window; those of an IPv6 subnet (/56) are one. */
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
  /** Its checks are for Express alone, and their findings pass by our logger. */
  readonly validate: false
}

/** What is called of express-rate-limit, on the types of node:http: it reads nothing that only Express has. */
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
