import type { ServerResponse } from 'node:http'
import { setImmediate } from 'node:timers/promises'
import { ANSWER_STATUS, CallbackError, reasonOf } from '../base/errors'
import type { Slots } from '../base/turns'
import { compileAcknowledge, refuse, toAnswerCode } from './answer'
import { createBodyReader, type ReceivedBody } from '../body/read-body'
import { requestEvent } from './callback-event'
import { answerChallenge, type Challenge, type ChallengeAnswer } from './handshakes/answer'
import { checkDepth, parseContent } from '../body/content'
import type { Endpoint } from './endpoint'
import { compileItem, type ItemContext, type ReceiveItem } from './item'
import type { RateLimit } from './limits/rate-limit'
import { type ListenerRequest, RequestScope } from './request-scope'
import type { Params } from './paths/route-table'
import type { VerifyItem } from '../verify/adyen'
import { contentOf } from './start'
import { compileTrigger } from './trigger'
import type { Verify } from '../verify/context'

/** What the endpoints of one listener share. */
export interface ReceiveContext extends ItemContext {
  readonly slots: Slots
  /** What every request of the listener counts against; undefined takes any number. */
  readonly rateLimit: RateLimit | undefined
  readonly bodyLimitBytes: number
  /** What the sender must prove; undefined takes callbacks from anyone. */
  readonly verify: Verify | undefined
  /** What each item must prove, where the request as a whole proves nothing. */
  readonly verifyItem: VerifyItem | undefined
  readonly challenge: Challenge | undefined
  isClosing(): boolean
}

/** Serves one request of one endpoint, from reading it to answering it; never rejects. */
export type Receive = (request: ListenerRequest, response: ServerResponse, params: Params) => Promise<void>

/** How many items of a bulk callback are handed over before other work gets its turn. */
const SLICE = 500

/**
 * Compiles the order of work of one endpoint: count against the limit, read, verify, parse, answer a handshake, take a slot; for each item
 * identify, judge and hand over, or start the workflow of a trigger; answer.
 */
export function compileReceive(endpoint: Endpoint, context: ReceiveContext): Receive {
  const { spec, key: name } = endpoint
  const { emitter, clock, env, slots, rateLimit, verify, verifyItem, challenge } = context
  const readBody = createBodyReader({ limitBytes: context.bodyLimitBytes, needsRaw: verify !== undefined, clock })
  const takeItem = endpoint.kind === 'trigger' ? compileTrigger(endpoint, context) : compileItem(endpoint, context)
  const receiveItem: ReceiveItem = verifyItem
    ? (scope) => {
        verifyItem(contentOf(spec, scope))
        return takeItem(scope)
      }
    : takeItem
  const acknowledge = compileAcknowledge(spec.response, (error) => warnOfResponse(error, name, context))
  // Hardly a sender signs its content type, and a signed body must have one reading.
  const reading = { isSigned: verify !== undefined }

  async function handOver(request: ListenerRequest, response: ServerResponse, params: Params): Promise<void> {
    if (context.isClosing()) throw new CallbackError('ERR_CLOSED', { message: 'The callbacks are being closed' })
    if (rateLimit) await rateLimit(request, response)
    const received = await readBody(request, response)
    const early = challenge?.beforeVerify?.(request, received.kind === 'raw' ? received.content : undefined)
    if (early) return answerHandshake(response, early, name, context)
    const verifying = verify?.(request, toBytes(received), params)
    if (verifying) await verifying
    const body =
      received.kind === 'parsed'
        ? checkDepth(received.value)
        : await parseContent(received.content, request.headers['content-type'], reading)
    const answering = challenge?.afterVerify?.(request, body)
    const late = answering instanceof Promise ? await answering : answering
    if (late) return answerHandshake(response, late, name, context)
    const scope = new RequestScope(request, body, params, env)
    emitter.record('received', name, () => requestEvent(name, scope))
    await slots.run(() => receiveAll(scope))
    acknowledge(response, scope)
  }

  async function receiveAll(scope: RequestScope): Promise<void> {
    if (spec.item) scope.item = spec.item.render(scope)
    if (!spec.bulk) {
      await receiveItem(scope)
      return
    }
    await receiveBulk(toItems(spec.item ? scope.item : scope.body), scope)
  }

  /** One bad item never stops the others; the request is refused when all are bad, or when one could not be kept. */
  async function receiveBulk(items: readonly unknown[], scope: RequestScope): Promise<void> {
    let bad = 0
    let unkept: unknown
    let forged: unknown
    let own = scope
    let underWay: Promise<void>[] = []

    function note(error: unknown, { item }: RequestScope): void {
      emitter.record('rejected', name, () => ({ ...requestEvent(name, scope), body: item, error }))
      const status = ANSWER_STATUS[toAnswerCode(error)]
      if (status === 401) forged ??= error
      if (status === 400 || status === 401) bad += 1
      else unkept ??= error
    }

    for (const [index, item] of items.entries()) {
      if (index > 0 && index % SLICE === 0) {
        await Promise.all(underWay)
        await setImmediate()
        underWay = []
      }
      own.item = item
      own.index = index
      try {
        const result = receiveItem(own)
        if (typeof result === 'string') continue
        // What a store has still to write reads its own scope, and all of a slice is written together.
        const kept = own
        underWay.push(result.then(ignore, (error: unknown) => note(error, kept)))
        own = scope.another()
      } catch (error) {
        note(error, own)
      }
    }
    await Promise.all(underWay)
    if (own !== scope) Object.assign(scope, { item: items.at(-1), index: items.length - 1 })
    if (unkept !== undefined) throw unkept
    if (bad > 0 && bad === items.length) {
      if (forged !== undefined) throw forged
      throw new CallbackError('ERR_ITEMS', { message: `None of the ${bad} items of a bulk callback could be used` })
    }
  }

  return refusing(endpoint, context, handOver)
}

/** Compiles what serves the handshakes that come to an endpoint by GET. */
export function compileHandshake(endpoint: Endpoint, context: ReceiveContext): Receive {
  return refusing(endpoint, context, async (request, response) => {
    await context.rateLimit?.(request, response)
    const answer = context.challenge?.beforeVerify?.(request, undefined)
    if (answer) answerHandshake(response, answer, endpoint.key, context)
    else refuse(request, response, 'ERR_NOT_FOUND', context.clock)
  })
}

/** Answers what throws, and reports it. */
function refusing(endpoint: Endpoint, context: ReceiveContext, serve: Receive): Receive {
  let refused = false
  return async (request, response, params) => {
    try {
      await serve(request, response, params)
    } catch (error) {
      reportRefusal(error, request, endpoint, { ...context, level: refused ? 'info' : 'warn' })
      refused = true
      refuse(request, response, toAnswerCode(error), context.clock)
    }
  }
}

function answerHandshake(response: ServerResponse, answer: ChallengeAnswer, name: string, { logger }: ReceiveContext) {
  logger.debug({ endpoint: name }, `${name} answered a handshake`)
  answerChallenge(response, answer)
}

function ignore(): void {}

const NOTHING = Buffer.alloc(0)

/** The bytes that were signed. What the host app has parsed is refused before, where senders are verified. */
function toBytes(received: ReceivedBody): Buffer {
  if (received.kind === 'parsed') return NOTHING
  return typeof received.content === 'string' ? Buffer.from(received.content) : received.content
}

/** Returns the items of a bulk callback; senders that have but one write it without the list around it. */
function toItems(value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value
  if (typeof value === 'object' && value !== null && !Buffer.isBuffer(value)) return [value]
  throw noList(value)
}

function noList(found: unknown): CallbackError {
  return new CallbackError('ERR_ITEMS', {
    message: `A bulk callback must hold a list; "item" gave ${found === null || found === undefined ? 'nothing' : typeof found}`,
  })
}

/** The callback has been handed over; only its answer is not what the config says. */
function warnOfResponse(error: unknown, name: string, { logger, emitter }: ReceiveContext): void {
  const reason = reasonOf(error)
  const message = `${name} answered 200 and nothing else, since its "response" could not be made: ${reason}`
  logger.warn({ endpoint: name }, message)
  emitter.emit('warning', () => ({ code: 'ERR_TEMPLATE', message, at: name }))
}

/**
 * What the sender did wrong is an event and a line in the log, the first one of an endpoint a warning: it shows that
 * the config does not fit the sender. What the host app or this package did wrong is an error each time.
 */
function reportRefusal(
  error: unknown,
  request: ListenerRequest,
  endpoint: Endpoint,
  context: ReceiveContext & { readonly level: 'info' | 'warn' },
): void {
  const { key: name } = endpoint
  const { emitter, logger } = context
  const code = toAnswerCode(error)
  const reason = reasonOf(error)
  emitter.record('rejected', name, () => ({ endpoint: name, headers: request.headers, error }))
  if (ANSWER_STATUS[code] !== 500) {
    logger[context.level]({ code, endpoint: name }, `${name} refused a callback (${code}): ${reason}`)
    return
  }
  const message = code === 'ERR_INTERNAL' ? `${name} failed to take a callback; this is a bug` : `${name}: ${reason}`
  logger.error({ code, endpoint: name, err: error }, message)
  emitter.emit('error', () => ({ error, message }))
}
