import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createServer, request as httpRequest, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { CallbackError } from '../../lib/base/errors'
import type { Logger, Tunnel, TunnelRequest } from '../../lib/base/contracts'
import { createFakeClock } from '../helpers/fake-clock'

/** What a request is made of; the rest is as a gateway would give it. */
export interface RequestParts extends Partial<Omit<TunnelRequest, 'options'>> {
  readonly port: number
  readonly remotePort?: number
  readonly connection: Readonly<Record<string, unknown>>
  readonly options?: Readonly<Record<string, unknown>>
}

/** One line of a log. */
export interface Logged {
  readonly level: string
  readonly message: string
}

/** Gives a logger that keeps its lines. */
export function createKeptLog(): { readonly logger: Logger; readonly lines: readonly Logged[] } {
  const lines: Logged[] = []
  const at = (level: string) => (_details: object, message: string) => void lines.push({ level, message })
  return { logger: { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') }, lines }
}

/** Gives a request for a tunnel to a local port. */
export function createSshRequest({ connection, options, remotePort, ...parts }: RequestParts): TunnelRequest {
  return {
    host: '127.0.0.1',
    options: { remotePort, connection: { port: 22, keepaliveIntervalMs: 15_000, ...connection }, ...options },
    env: { HOME: '/nonexistent' },
    logger: createKeptLog().logger,
    clock: createFakeClock(),
    signal: new AbortController().signal,
    previousUrl: undefined,
    onPublicUrl: () => undefined,
    ...parts,
  }
}

/** Gives what an attempt is rejected with; closes a tunnel that opens all the same. */
export async function failureOf(attempt: Promise<Tunnel>): Promise<CallbackError> {
  const tunnel = await attempt.catch((error: unknown) => error)
  if (tunnel instanceof CallbackError) return tunnel
  if (typeof tunnel === 'object' && tunnel !== null && 'close' in tunnel) await (tunnel as Tunnel).close()
  throw new Error('it was not rejected with a CallbackError', { cause: tunnel })
}

/** Resolves once a condition holds. */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 5))
}

/** A local app that tells the method, the path and the sha256 of every body. */
export interface EchoApp {
  readonly port: number
  readonly server: Server
  close(): Promise<void>
}

export async function startEchoApp(): Promise<EchoApp> {
  const server = createServer((req, res) => {
    const hash = createHash('sha256')
    req.on('data', (chunk: Buffer) => void hash.update(chunk))
    req.on('end', () => res.end(`${req.method} ${req.url} ${hash.digest('hex')}`))
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    server,
    async close() {
      server.closeAllConnections()
      await new Promise((resolve) => void server.close(resolve))
    },
  }
}

/** Posts a body on a connection of its own and gives the answer. */
export async function post(url: string, body: string | Buffer): Promise<string> {
  return new Promise((resolve, reject) => {
    const request = httpRequest(url, { method: 'POST', agent: false }, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => void chunks.push(chunk))
      response.on('end', () => resolve(Buffer.concat(chunks).toString()))
      response.on('error', reject)
    })
    request.on('error', reject)
    request.end(body)
  })
}

export function sha256(body: string | Buffer): string {
  return createHash('sha256').update(body).digest('hex')
}
