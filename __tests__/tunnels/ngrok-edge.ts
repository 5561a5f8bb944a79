import { once } from 'node:events'
import { request } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import { text } from 'node:stream/consumers'
import { createServer, type TLSSocket } from 'node:tls'
import type { EdgeCertificate } from './ngrok-edge-certificate'
import { createEdgeSession, type EdgeSession } from './ngrok-edge-session'

/**
 * A stand-in for ngrok's edge, to which real agents and the real package connect: as much of its protocol as opens HTTP
 * tunnels and carries requests. (Written after the public messages of ngrok's libraries.)
 */
export interface NgrokEdge {
  /** `localhost:PORT`, the `server_addr` of an agent. */
  readonly address: string
  /** What the agents asked for, in order. */
  readonly calls: readonly EdgeCall[]
  /** The hosts of the tunnels that are open. */
  readonly hosts: readonly string[]
  /** Refuses every call of a kind with this text, until it is undefined; or only those for which it gives one. */
  refuse(kind: EdgeCall['kind'], answer: Refusal | undefined): void
  /** Sends a request to a public host, through the tunnel; fails when there is none. */
  fetch(host: string, path: string, body?: string): Promise<{ status: number | undefined; body: string }>
  /** Breaks every session off. */
  drop(): void
  close(): Promise<void>
}

export type Refusal = string | ((body: Readonly<Record<string, unknown>>) => string | undefined)

export interface EdgeCall {
  readonly kind: 'auth' | 'bind' | 'unbind' | 'info'
  readonly body: Readonly<Record<string, unknown>>
}

interface Bound {
  readonly session: EdgeSession
  readonly id: string
}

const KINDS = new Map<number, EdgeCall['kind']>([
  [0, 'auth'],
  [1, 'bind'],
  [2, 'unbind'],
  [8, 'info'],
])
const PROXY = 3
const HEARTBEAT = 0xffffffff

/** Starts an edge on a free port of this machine. */
export async function createNgrokEdge({ key, cert }: EdgeCertificate): Promise<NgrokEdge> {
  const calls: EdgeCall[] = []
  const refusals = new Map<EdgeCall['kind'], Refusal>()
  const bound = new Map<string, Bound>()
  const sockets = new Set<TLSSocket>()
  let counter = 0

  function answer(session: EdgeSession, { kind, body }: EdgeCall): object {
    const refusal = refusals.get(kind)
    const refused = typeof refusal === 'function' ? refusal(body) : refusal
    if (refused !== undefined) return { Version: '2', ClientId: '', Error: refused }
    if (kind === 'auth') return { Version: '2', ClientId: 'session', Extra: { Version: 'prod', Region: 'us' } }
    if (kind === 'bind') return bind(session, body)
    if (kind === 'unbind') unbind(session, body)
    return kind === 'info' ? { Region: 'us' } : {}
  }

  function bind(session: EdgeSession, body: EdgeCall['body']): object {
    const options = { ...(typeof body['Opts'] === 'object' ? body['Opts'] : {}) } as Record<string, unknown>
    const proto = String(body['Proto'])
    counter += 1
    const host = textOf(options['Domain']) ?? textOf(options['Hostname']) ?? `abcd-${counter}.ngrok.io`
    const id = textOf(body['Id']) ?? `bind${counter}` // an agent that comes again has its tunnel already
    if (proto === 'https') bound.set(host, { session, id })
    const given = { ...options, Hostname: host }
    return { Id: id, URL: `${proto}://${host}`, Proto: proto, Opts: given, BindOpts: given, Extra: { Token: '' } }
  }

  function unbind(session: EdgeSession, body: EdgeCall['body']): void {
    for (const [host, tunnel] of bound) if (tunnel.session === session && tunnel.id === body['Id']) bound.delete(host)
  }

  const server = createServer({ key, cert }, (socket) => {
    sockets.add(socket)
    const session = createEdgeSession(socket, (stream) =>
      readCall(stream, (call) => {
        calls.push(call)
        stream.end(JSON.stringify(answer(session, call)))
      }),
    )
    socket.on('close', () => {
      sockets.delete(socket)
      for (const [host, { session: owner }] of bound) if (owner === session) bound.delete(host)
    })
  })
  server.listen(0, 'localhost')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo

  async function fetch(host: string, path: string, body = ''): Promise<{ status: number | undefined; body: string }> {
    const tunnel = bound.get(host)
    if (tunnel === undefined) throw new Error(`the edge has no tunnel for ${host}`)
    const stream = tunnel.session.open()
    stream.write(proxyHeader(tunnel.id))
    const headers = { host, connection: 'close', 'content-length': Buffer.byteLength(body) }
    const outgoing = request({ method: 'POST', path, headers, createConnection: () => stream })
    outgoing.end(body)
    const response = await new Promise<import('node:http').IncomingMessage>((resolve, reject) => {
      outgoing.once('response', resolve)
      outgoing.once('error', reject)
    })
    return { status: response.statusCode, body: await text(response) }
  }

  return {
    address: `localhost:${port}`,
    calls,
    get hosts() {
      return [...bound.keys()]
    },
    refuse(kind, refusal) {
      if (refusal === undefined) refusals.delete(kind)
      else refusals.set(kind, refusal)
    },
    fetch,
    drop() {
      for (const socket of sockets) socket.destroy()
    },
    async close() {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}

/** The first four bytes of a stream say what it is; the rest is one message, or a heartbeat to be sent back. */
function readCall(stream: Duplex, onCall: (call: EdgeCall) => void): void {
  let rest = Buffer.alloc(0)
  let isTold = false
  stream.on('data', (chunk: Buffer) => {
    rest = Buffer.concat([rest, chunk])
    if (rest.length < 4 || isTold) return
    const type = rest.readUInt32BE(0)
    if (type === HEARTBEAT) {
      if (rest.length > 4) stream.write(rest.subarray(4))
      rest = rest.subarray(0, 4)
      return
    }
    const kind = KINDS.get(type)
    const body = parseMessage(rest.subarray(4).toString())
    if (kind === undefined || body === undefined) return
    isTold = true
    onCall({ kind, body })
  })
}

function parseMessage(message: string): EdgeCall['body'] | undefined {
  try {
    const value: unknown = JSON.parse(message)
    return typeof value === 'object' && value !== null ? { ...value } : {}
  } catch {
    return undefined // the rest of it is on the way
  }
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}

function proxyHeader(id: string): Buffer {
  const header = { Id: id, ClientAddr: '127.0.0.1:5000', Proto: 'https', EdgeType: '3', PassthroughTLS: false }
  const body = Buffer.from(JSON.stringify(header))
  const head = Buffer.alloc(12)
  head.writeUInt32BE(PROXY, 0)
  head.writeBigInt64LE(BigInt(body.length), 4)
  return Buffer.concat([head, body])
}
