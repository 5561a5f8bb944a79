import type { ServerResponse } from 'node:http'
import { CallbackError, reasonOf } from '../base/errors'
import type { Slots } from '../base/turns'
import { compileAcknowledge, leaveConnection, refuse } from './answer'
import { createBodyReader, type ReceivedBody } from '../body/read-body'
import { requestEvent, RequestScope } from './request-scope'
import { answerChallenge, type Challenge, type ChallengeAnswer } from './handshakes/answer'
import type { Emitter } from '../base/events'
import type { Clock, Logger } from '../base/contracts'
import { checkDepth, parseContent } from '../body/content'
import type { Verify } from '../verify/contract'
import { askOf } from '../verify/verify'
import { compileBulk } from './bulk'
import type { Course } from '../deliveries/course'
import type { Recorder } from '../deliveries/deliveries'
import type { Endpoint } from './endpoint'
import type { Holding } from './held/holding'
import type { ReceiveItem } from './item'
import type { RateLimit } from './limits/rate-limit'
import { type Receive, refusing } from './refusals'

/** What the requests of one endpoint are served with. */
export interface ReceiveContext {
  readonly emitter: Emitter
  readonly logger: Logger
  readonly clock: Clock
  readonly env: Readonly<Record<string, string>>
  readonly slots: Slots
  /** What every request of the listener counts against; undefined takes any number. */
  readonly rateLimit: RateLimit | undefined
  readonly bodyLimitBytes: number
  /** What the sender must prove; undefined takes callbacks from anyone. */
  readonly verify: Verify | undefined
  readonly challenge: Challenge | undefined
  /** Delivers one item, or starts its workflow. */
  readonly receiveItem: ReceiveItem
  readonly recorder: Recorder | undefined
  /** Holds requests until their runs end. */
  readonly holding: Holding
  isClosing(): boolean
  /** Whether connections end with their answer, since the callbacks are being closed. */
  isDraining(): boolean
}

/**
 * Compiles the order of work of one endpoint: count against the limit, read, verify, parse, answer a handshake, take a
 * slot; for each item see whether it counts (`when`), identify, judge and deliver, or start the workflow of a trigger; answer, at
 * once or when the runs have ended that were started.
 */
export function compileReceive(endpoint: Endpoint, context: ReceiveContext): Receive {
  const { spec, key: name } = endpoint
  const { emitter, clock, env, slots, rateLimit, verify, challenge } = context
  const readBody = createBodyReader({ limitBytes: context.bodyLimitBytes, needsRaw: verify !== undefined, clock })
  const receiveAll = compileReceiveAll(endpoint, context)
  const acknowledge = compileAcknowledge(spec.response, (error) => warnOfResponse(error, name, context))
  const hold = spec.respond === 'when_done' ? context.holding : undefined
  // Hardly a sender signs its content type, and a signed body must have one reading.
  const reading = { isSigned: verify !== undefined }
  const asks = spec.verify && askOf(spec.verify)

  return refusing(name, context, async (request, response, params, course) => {
    if (context.isClosing()) throw new CallbackError('ERR_CLOSED', { message: 'The callbacks are being closed' })
    if (rateLimit) await rateLimit(request, response)
    const received = await readBody(request, response)
    course?.keepBody(received.kind === 'raw' ? received.content : undefined)
    const early = challenge?.beforeVerify?.(request, received.kind === 'raw' ? received.content : undefined)
    if (early) return answerHandshake(response, early, name, context.logger, course)
    try {
      const verifying = verify?.(request, toBytes(received), params)
      if (verifying) await verifying
    } catch (error) {
      if (asks !== undefined && !response.headersSent) response.setHeader('www-authenticate', asks)
      throw error
    }
    if (course) course.isVerified = true
    const body =
      received.kind === 'parsed'
        ? checkDepth(received.value)
        : await parseContent(received.content, request.headers['content-type'], reading)
    const answering = challenge?.afterVerify?.(request, body)
    const late = answering instanceof Promise ? await answering : answering
    if (late) return answerHandshake(response, late, name, context.logger, course)
    const runs = hold?.begin()
    const scope = new RequestScope(request, body, params, env, course, runs)
    emitter.record('received', name, () => requestEvent(name, scope))
    await slots.run(() => receiveAll(scope))
    if (context.isDraining()) leaveConnection(request, response)
    if (hold !== undefined && runs !== undefined && runs.size > 0) await hold.hold(response, runs, spec)
    else acknowledge(response, scope)
  })
}

/** Compiles the work on the one item of a request, or on all items of a bulk one. */
export function compileReceiveAll(
  { key, spec: { item, bulk } }: Endpoint,
  { receiveItem, emitter }: Pick<ReceiveContext, 'receiveItem' | 'emitter'>,
): (scope: RequestScope) => Promise<void> {
  const receiveBulk = compileBulk(key, receiveItem, emitter)
  return async (scope) => {
    if (item) scope.item = item.render(scope)
    if (bulk) await receiveBulk(item ? scope.item : scope.body, scope)
    else await receiveItem(scope)
  }
}

/** Compiles the answer to handshakes by a method that is not the method of the endpoint. */
export function compileHandshake({ key }: Endpoint, context: ReceiveContext): Receive {
  const { logger, clock, rateLimit, challenge } = context
  return refusing(key, context, async (request, response, _params, course) => {
    await rateLimit?.(request, response)
    const answer = challenge?.beforeVerify?.(request, undefined)
    if (answer) return answerHandshake(response, answer, key, logger, course)
    course?.refuse('ERR_NOT_FOUND', 'It is no handshake, and the endpoint has another method')
    refuse(request, response, 'ERR_NOT_FOUND', clock)
  })
}

function answerHandshake(
  response: ServerResponse,
  answer: ChallengeAnswer,
  name: string,
  logger: Logger,
  course: Course | undefined,
): void {
  course?.end('handshake')
  logger.debug({ endpoint: name }, `${name} answered a handshake`)
  answerChallenge(response, answer)
}

const NOTHING = Buffer.alloc(0)

/** Returns the bytes that were signed. Where senders are verified, a body that the host app has parsed was refused before. */
function toBytes(received: ReceivedBody): Buffer {
  if (received.kind === 'parsed') return NOTHING
  return typeof received.content === 'string' ? Buffer.from(received.content) : received.content
}

/** The callback was delivered; only its answer differs from the config. */
function warnOfResponse(error: unknown, name: string, { logger, emitter }: ReceiveContext): void {
  const reason = reasonOf(error)
  const message = `${name} answered 200 and nothing else, since its "response" could not be made: ${reason}`
  logger.warn({ endpoint: name }, message)
  emitter.emit('warning', () => ({ code: 'ERR_TEMPLATE', message, at: name }))
}
