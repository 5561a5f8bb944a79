import type { ServerResponse } from 'node:http'
import { ANSWER_STATUS, reasonOf } from '../base/errors'
import type { Emitter } from '../base/events'
import type { Clock, Logger } from '../base/contracts'
import type { Params } from '../base/route-syntax'
import { type ListenerRequest, targetOf } from '../body/request'
import type { Course } from '../deliveries/course'
import type { Recorder } from '../deliveries/deliveries'
import { leaveConnection, refuse, toAnswerCode } from './answer'

/** Serves one request of one endpoint, from reading it to answering it; never rejects. */
export type Receive = (request: ListenerRequest, response: ServerResponse, params: Params) => Promise<void>

/** The same; what becomes of the request is noted in `course`. */
export type Serve = (
  request: ListenerRequest,
  response: ServerResponse,
  params: Params,
  course: Course | undefined,
) => Promise<void>

/** What refusals are reported with. */
interface RefusalContext {
  readonly emitter: Emitter
  readonly logger: Logger
  readonly clock: Clock
  readonly recorder: Recorder | undefined
  /** Whether connections end with their answer, since the callbacks are being closed. */
  isDraining(): boolean
}

/** Wraps the work of one endpoint: its errors are answered and reported, so that the result never rejects. */
export function refusing(name: string, context: RefusalContext, serve: Serve): Receive {
  const { recorder } = context
  let refused = false
  return async (request, response, params) => {
    const course = recorder?.begin(request, targetOf(request), name)
    if (course) course.params = params
    try {
      await serve(request, response, params, course)
    } catch (error) {
      course?.refuse(toAnswerCode(error), reasonOf(error))
      report(error, request, name, context, refused ? 'info' : 'warn')
      refused = true
      if (context.isDraining()) leaveConnection(request, response)
      refuse(request, response, toAnswerCode(error), context.clock)
    }
    if (course === undefined) return
    course.status = response.headersSent ? response.statusCode : undefined
    recorder?.end(course)
  }
}

/**
 * Reports a fault of the sender as an event and a line in the log; the first one of an endpoint is a warning, since the
 * config may not fit the sender. A fault of the host app or of this package is an error each time.
 */
function report(
  error: unknown,
  request: ListenerRequest,
  name: string,
  { emitter, logger }: RefusalContext,
  level: 'info' | 'warn',
): void {
  const code = toAnswerCode(error)
  const reason = reasonOf(error)
  emitter.record('rejected', name, () => ({ endpoint: name, headers: request.headers, error }))
  if (ANSWER_STATUS[code] !== 500) {
    logger[level]({ code, endpoint: name }, `${name} refused a callback (${code}): ${reason}`)
    return
  }
  const message = code === 'ERR_INTERNAL' ? `${name} failed to take a callback; this is a bug` : `${name}: ${reason}`
  logger.error({ code, endpoint: name, err: error }, message)
  emitter.emit('error', () => ({ error, message }))
}
