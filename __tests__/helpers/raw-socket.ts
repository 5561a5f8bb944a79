import { once } from 'node:events'
import { connect, type Socket } from 'node:net'

/** A connection on which any bytes can be sent, right or wrong. */
export interface RawSocket {
  readonly socket: Socket
  send(text: string | Buffer): void
  /** Resolves with everything received, once that holds the text. Rejects when the connection ends before. */
  received(text: string): Promise<string>
  /** Resolves with everything received, once the other side has closed. */
  closed(): Promise<string>
}

/** Connects to the server of an origin. */
export async function openRawSocket(origin: string): Promise<RawSocket> {
  const { hostname, port } = new URL(origin)
  const socket = connect(Number(port), hostname)
  let all = ''
  socket.setEncoding('latin1')
  socket.on('data', (text) => void (all += text))
  socket.on('error', () => undefined)
  await once(socket, 'connect')
  const gone = new Promise<void>((resolve) => void socket.once('close', () => resolve()))
  return {
    socket,
    send: (text) => void socket.write(text),
    received: (text) =>
      new Promise((resolve, reject) => {
        const check = (): void => {
          if (!all.includes(text)) return
          socket.off('data', check)
          resolve(all)
        }
        socket.on('data', check)
        void gone.then(() => reject(new Error(`closed after ${JSON.stringify(all)}`)))
        check()
      }),
    async closed() {
      await gone
      return all
    },
  }
}

/** The head of a request, ready for its body. */
export function head(line: string, headers: Readonly<Record<string, string | number>>): string {
  const fields = Object.entries({ Host: 'localhost', ...headers }).map(([name, value]) => `${name}: ${value}\r\n`)
  return `${line} HTTP/1.1\r\n${fields.join('')}\r\n`
}
