import { Duplex } from 'node:stream'
import type { TLSSocket } from 'node:tls'

/** The frames of muxado, in which an agent and ngrok's edge put many streams on one connection. */
const FRAMES = { reset: 0, data: 1, window: 2, goAway: 3 } as const
const FINAL = 1
const FIRST = 2
const HEADER_BYTES = 8

/** One end of a connection that carries many streams. The server's have even numbers. */
export interface EdgeSession {
  /** Opens a stream to the agent. */
  open(): Duplex
  /** Breaks the connection off, as a network does. */
  drop(): void
}

/** Runs muxado over a socket of an agent. Window limits are not kept: what goes through in tests is small. */
export function createEdgeSession(socket: TLSSocket, onStream: (stream: Duplex) => void): EdgeSession {
  const streams = new Map<number, Duplex>()
  let next = 2
  let rest = Buffer.alloc(0)

  function send(type: number, flags: number, id: number, body: Buffer = Buffer.alloc(0)): void {
    if (socket.destroyed) return
    const header = Buffer.alloc(HEADER_BYTES)
    header.writeUIntBE(body.length, 0, 3)
    header.writeUInt8((type << 4) | flags, 3)
    header.writeUInt32BE(id, 4)
    socket.write(Buffer.concat([header, body]))
  }

  function createStream(id: number, isOurs: boolean): Duplex {
    let flags = isOurs ? FIRST : 0
    const sendData = (chunk: Buffer | undefined, more: number): void => {
      send(FRAMES.data, flags | more, id, chunk)
      flags = 0
    }
    const stream = new Duplex({
      allowHalfOpen: true,
      read: () => undefined,
      write(chunk: Buffer, _encoding, done) {
        sendData(chunk, 0)
        done()
      },
      final(done) {
        sendData(undefined, FINAL)
        done()
      },
    })
    stream.on('error', () => undefined)
    stream.on('close', () => streams.delete(id))
    streams.set(id, stream)
    return stream
  }

  function take(type: number, flags: number, id: number, body: Buffer): void {
    if (type === FRAMES.goAway) socket.end()
    if (type === FRAMES.reset) streams.get(id)?.destroy()
    if (type !== FRAMES.data) return
    const known = streams.get(id)
    const stream = known ?? createStream(id, false)
    if (known === undefined) onStream(stream)
    if (body.length > 0) {
      stream.push(body)
      const size = Buffer.alloc(4)
      size.writeUInt32BE(body.length)
      send(FRAMES.window, 0, id, size)
    }
    if ((flags & FINAL) !== 0) stream.push(null)
  }

  socket.on('data', (chunk: Buffer) => {
    rest = Buffer.concat([rest, chunk])
    while (rest.length >= HEADER_BYTES) {
      const length = rest.readUIntBE(0, 3)
      if (rest.length < HEADER_BYTES + length) return
      const kind = rest.readUInt8(3)
      take(kind >> 4, kind & 15, rest.readUInt32BE(4), rest.subarray(HEADER_BYTES, HEADER_BYTES + length))
      rest = rest.subarray(HEADER_BYTES + length)
    }
  })
  socket.on('error', () => undefined)
  socket.on('close', () => {
    for (const stream of streams.values()) stream.destroy()
  })

  return {
    open() {
      next += 2
      return createStream(next - 2, true)
    },
    drop: () => socket.destroy(),
  }
}
