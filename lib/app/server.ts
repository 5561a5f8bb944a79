import {
  createServer,
  IncomingMessage,
  type RequestListener,
  type Server,
  type ServerOptions,
  ServerResponse,
} from 'node:http'
import { Server as NetServer } from 'node:net'
import { ANSWER_STATUS, type AnswerCode } from '../base/errors'

/** The server of a host app, as far as it is closed here. */
export type AppServer = Pick<Server, 'listening' | 'closeIdleConnections'>

/** Returns the server that a request came to, which Node keeps with each socket; undefined where it is none of Node's. */
export function serverBehind({ socket }: IncomingMessage): AppServer | undefined {
  const server: unknown = Reflect.get(socket, 'server')
  return isAppServer(server) ? server : undefined
}

function isAppServer(server: unknown): server is AppServer {
  return server instanceof NetServer && typeof Reflect.get(server, 'closeIdleConnections') === 'function'
}

/** Takes a request when it is a callback; returns whether it was. */
export type TakeRequest = (request: IncomingMessage, response: ServerResponse) => boolean

/**
 * Creates a server on which callbacks are answered before the app sees them. Everything else goes to the app, on request
 * and response objects that are born with the app's prototypes: Express swaps the prototypes of every request, after
 * which V8 (Node 20 and 22) treats each one as a shape of its own (expressjs/express#5998); here nothing is left to swap.
 */
export function createCallbackServer(takeRequest: TakeRequest, app: RequestListener | undefined): Server {
  const other = app ?? answerNotFound
  return createServer(bornForApp(app), (request, response) => {
    if (!takeRequest(request, response)) other(request, response)
  })
}

function bornForApp(app: RequestListener | undefined): ServerOptions {
  const request = prototypeOf(app, 'request', IncomingMessage.prototype)
  const response = prototypeOf(app, 'response', ServerResponse.prototype)
  return {
    ...(request && { IncomingMessage: bornWith(IncomingMessage, request) }),
    ...(response && { ServerResponse: bornWith(ServerResponse, response) }),
  }
}

/** Express keeps the prototype of its requests in `app.request`, and that of its responses in `app.response`. */
function prototypeOf(app: unknown, key: 'request' | 'response', base: object): object | undefined {
  if (typeof app !== 'function') return undefined
  const prototype: unknown = Reflect.get(app, key)
  return typeof prototype === 'object' && prototype !== null && base.isPrototypeOf(prototype) ? prototype : undefined
}

/**
 * A constructor whose instances have another prototype; a class cannot, since its `prototype` is read-only. It calls the
 * base as a function: `Reflect.construct` would give each instance a shape of its own in V8, the very cost to avoid here.
 */
function bornWith<Base extends typeof IncomingMessage | typeof ServerResponse>(base: Base, prototype: object): Base {
  function Born(this: object, ...parameters: unknown[]): void {
    Reflect.apply(base, this, parameters)
  }
  Born.prototype = prototype
  return Born as unknown as Base
}

/** Answers a request that neither a listener nor an app takes. */
export function answerNotFound(_request: IncomingMessage, response: ServerResponse): void {
  response.statusCode = ANSWER_STATUS.ERR_NOT_FOUND
  response.setHeader('content-type', 'application/json')
  response.end(JSON.stringify({ error: 'ERR_NOT_FOUND' satisfies AnswerCode }))
}
