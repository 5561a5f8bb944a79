import { once } from 'node:events'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { afterAll, beforeAll } from '@jest/globals'

/** A TCP proxy whose open connections can be made to hang, while new ones are served. */
export interface HalfOpenProxy {
  readonly port: number
  /** Lets nothing pass on the connections that are open now; neither side is told. */
  hang(): void
}

/** Runs a proxy to a port of this machine while the tests of this file run. */
export function useHalfOpenProxy(target: () => number): HalfOpenProxy {
  const sockets = new Set<Socket>()
  const passing = new Set<Socket>()
  let server: Server | undefined

  beforeAll(async () => {
    server = createServer((client) => {
      const upstream = connect(target(), '127.0.0.1')
      const pair = [client, upstream] as const
      passing.add(client)
      for (const [from, to] of [pair, pair.toReversed()]) {
        if (from === undefined || to === undefined) continue
        sockets.add(from)
        from.on('data', (bytes) => void (passing.has(client) && to.write(bytes)))
        from.on('error', () => undefined)
        from.on('close', () => {
          sockets.delete(from)
          if (passing.has(client)) to.destroy()
        })
      }
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
  })
  afterAll(async () => {
    for (const socket of sockets) socket.destroy()
    if (server === undefined) return
    server.close()
    await once(server, 'close')
  })

  return {
    get port() {
      const address = server?.address()
      return typeof address === 'object' && address !== null ? address.port : 0
    },
    hang: () => passing.clear(),
  }
}
