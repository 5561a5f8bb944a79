import { isDoneWithin, sleep } from '../../../lib/base/timers'
import type { Clock, TunnelRequest } from '../../../lib/base/contracts'
import { readNgrokError, readNgrokNumber, readThrown } from './errors'
import { writeAddress } from '../options'

/** As much of a session of the package `@ngrok/ngrok` as is called. */
export interface NgrokSessionBuilder {
  authtoken(authtoken: string): this
  handleDisconnection(decide: (address: string, error: string) => boolean): this
  connect(): Promise<NgrokConnection>
}

export interface NgrokConnection {
  httpEndpoint(): NgrokEndpoint
  close(): Promise<void>
}

export interface NgrokEndpoint {
  domain(domain: string): this
  listenAndForward(url: string): Promise<NgrokListener>
}

export interface NgrokListener {
  url(): string | null
  close(): Promise<void>
}

/** An open session with one tunnel. */
export interface NgrokSession {
  readonly publicUrl: string
  /** Closes the session and its tunnel, also when they are lost. Never rejects. May be called again. */
  close(): Promise<void>
}

/** How long the package may take to close each part. */
const CLOSE_MS = 2000
/** A session that died holds its host until ngrok notices. How often to wait for that, and how long each time. */
const TRIES = 3
const HELD_MS = 2000
/** "The endpoint is already online." */
const HELD = 334

/** Opens a session that forwards to the port: under the domain, else under the host that the gateway had before. */
export async function openNgrokSession(
  builder: NgrokSessionBuilder,
  request: TunnelRequest,
  domain: string | undefined,
): Promise<NgrokSession> {
  const { signal, clock } = request
  const connection = await builder.connect()
  try {
    signal.throwIfAborted()
    const listener = await listen(connection, request, domain)
    let closing: Promise<void> | undefined
    return {
      publicUrl: (listener.url() ?? '').replace(/\/$/, ''),
      close: () => (closing ??= closeAll(clock, listener, connection)),
    }
  } catch (error) {
    await closeAll(clock, connection)
    throw error
  }
}

async function listen(
  connection: NgrokConnection,
  request: TunnelRequest,
  domain: string | undefined,
): Promise<NgrokListener> {
  const url = `http://${writeAddress(request)}`
  if (domain !== undefined) return connection.httpEndpoint().domain(domain).listenAndForward(url)
  const { previousUrl, clock, signal } = request
  for (let tries = 1; previousUrl !== undefined; tries += 1)
    try {
      return await connection.httpEndpoint().domain(new URL(previousUrl).host).listenAndForward(url)
    } catch (error) {
      if (isForeign(error)) break
      if (!isHeld(error)) throw error
      if (tries >= TRIES) break
      await sleep(clock, HELD_MS, signal)
    }
  signal.throwIfAborted()
  return connection.httpEndpoint().listenAndForward(url)
}

/** Whether this account cannot have the host at all. The host that it had before was never promised. */
function isForeign(error: unknown): boolean {
  const text = readThrown(error)
  return readNgrokNumber(text) !== undefined && readNgrokError(text).code === 'ERR_GATEWAY_OPTIONS'
}

function isHeld(error: unknown): boolean {
  return readNgrokNumber(readThrown(error)) === HELD
}

/** Closes the parts in this order. Closing a lost session rejects, or never settles. */
async function closeAll(clock: Clock, ...parts: readonly { close(): Promise<void> }[]): Promise<void> {
  for (const part of parts)
    try {
      await isDoneWithin(clock, CLOSE_MS, part.close())
    } catch {
      // Nothing is left to close.
    }
}
