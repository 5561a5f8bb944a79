import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http'
import type { AddressInfo } from 'node:net'
import { parse } from 'node:querystring'
import { buffer } from 'node:stream/consumers'
import { afterEach } from '@jest/globals'

/** A request as the service saw it. */
export interface ServiceRequest {
  readonly method: string
  /** Without query. */
  readonly path: string
  /** As it was sent, with query. */
  readonly url: string
  readonly query: Readonly<Record<string, string | string[] | undefined>>
  readonly headers: IncomingHttpHeaders
  readonly raw: Buffer
  /** JSON and forms parsed, multipart as FormData, else, and where that fails, the text; undefined when there was none. */
  readonly body: unknown
  /** For answers that are written by hand: stalled, broken off, piece by piece. */
  readonly response: ServerResponse
}

/** What it answers: status 200 and no body when left out; a body that is neither text nor bytes goes out as JSON. */
export interface ServiceAnswer {
  readonly status?: number
  readonly headers?: Readonly<Record<string, string | readonly string[]>>
  readonly body?: unknown
}

/** Nothing when it wrote to `response` itself, or never answers. */
export type Respond = (request: ServiceRequest) => ServiceAnswer | void | Promise<ServiceAnswer | void>

/** Answers by `METHOD /path`; anything else is 404. */
export type Routes = Readonly<Record<string, Respond | ServiceAnswer>>

export interface FakeService {
  readonly origin: string
  /** All that came, in order. */
  readonly requests: readonly ServiceRequest[]
  /** How many connections were opened. */
  readonly connections: number
  /** Resolves with a request, counted from 1, as soon as it has come. */
  received(count?: number): Promise<ServiceRequest>
  close(): Promise<void>
}

/** Opens services for one test each. Call it before `useHosts()`, which looks for sockets that are left. */
export function useServices(): { open(respond: Respond | Routes): Promise<FakeService> } {
  const opened: FakeService[] = []

  afterEach(async () => {
    for (const service of opened.splice(0)) await service.close()
  })

  return {
    async open(respond) {
      const service = await openService(respond)
      opened.push(service)
      return service
    },
  }
}

/** Opens a service on 127.0.0.1 which its caller closes. */
export async function openService(respond: Respond | Routes): Promise<FakeService> {
  const requests: ServiceRequest[] = []
  const waiting = new Map<number, (request: ServiceRequest) => void>()
  const route = typeof respond === 'function' ? respond : routesOf(respond)
  let connections = 0

  const server = createServer(async (message, response) => {
    message.on('error', () => undefined)
    const request = await readRequest(message, response).catch(() => undefined)
    if (request === undefined) return
    requests.push(request)
    waiting.get(requests.length)?.(request)
    const answer = await answerOf(route, request)
    if (answer) write(response, answer)
  })
  server.on('connection', () => void (connections += 1))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))

  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    get connections() {
      return connections
    },
    async received(count = 1) {
      return requests[count - 1] ?? new Promise((resolve) => void waiting.set(count, resolve))
    },
    close: () => close(server),
  }
}

/** A test whose service fails sees why. */
async function answerOf(route: Respond, request: ServiceRequest): Promise<ServiceAnswer | void> {
  try {
    return await route(request)
  } catch (error) {
    return { status: 500, body: `the fake service failed: ${String(error)}` }
  }
}

function routesOf(routes: Routes): Respond {
  return (request) => {
    const answer = routes[`${request.method} ${request.path}`] ?? { status: 404, body: { error: 'no such route' } }
    return typeof answer === 'function' ? answer(request) : answer
  }
}

async function readRequest(message: IncomingMessage, response: ServerResponse): Promise<ServiceRequest> {
  const { method = '', url = '', headers } = message
  const [path = '', query = ''] = url.split(/\?(.*)/s)
  const raw = await buffer(message)
  const body = await parseBody(raw, headers['content-type'] ?? '')
  return { method, path, url, query: { ...parse(query) }, headers, raw, body, response }
}

async function parseBody(raw: Buffer, type: string): Promise<unknown> {
  if (raw.length === 0) return undefined
  if (/[/+]json\b/.test(type)) return parseJson(raw.toString())
  if (type.startsWith('application/x-www-form-urlencoded')) return { ...parse(raw.toString()) }
  if (type.startsWith('multipart/form-data')) return new Response(raw, { headers: { 'content-type': type } }).formData()
  return raw.toString()
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

function write(response: ServerResponse, { status = 200, headers = {}, body }: ServiceAnswer): void {
  const isWritten = body === undefined || typeof body === 'string' || Buffer.isBuffer(body)
  response.statusCode = status
  if (!isWritten) response.setHeader('content-type', 'application/json')
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value)
  response.end(isWritten ? body : JSON.stringify(body))
}

async function close(server: Server): Promise<void> {
  await new Promise<void>((resolve) => {
    server.close(() => resolve())
    server.closeAllConnections()
  })
}
