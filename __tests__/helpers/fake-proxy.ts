import { createServer, request as openRequest } from 'node:http'
import { connect, type AddressInfo, type Socket } from 'node:net'
import { afterEach } from '@jest/globals'

/** A proxy that leads every name to one service on loopback. */
export interface FakeProxy {
  /** With the port, without user. */
  readonly origin: string
  /** What was asked of it: `GET http://…` or `CONNECT host:port`, and the credentials behind it. */
  readonly asked: readonly string[]
}

/** Opens proxies for one test each; `status` makes them refuse. */
export function useProxies(): { open(service: string, status?: number): Promise<FakeProxy> } {
  const closers: (() => Promise<void>)[] = []
  afterEach(async () => {
    for (const close of closers.splice(0)) await close()
  })

  return {
    async open(service, status) {
      const { hostname, port } = new URL(service)
      const asked: string[] = []
      const sockets = new Set<Socket>()
      const note = (text: string, credentials: string | undefined): void =>
        void asked.push([text, credentials].filter(Boolean).join(' '))

      const server = createServer((request, response) => {
        const { method = '', url = '', headers } = request
        note(`${method} ${url}`, headers['proxy-authorization'])
        if (status !== undefined) return void response.writeHead(status).end()
        const { pathname, search } = new URL(url)
        const { 'proxy-authorization': _, ...rest } = headers
        const passed = openRequest({ hostname, port, method, path: pathname + search, headers: rest, agent: false })
        passed.once('response', (answer) => answer.pipe(response.writeHead(answer.statusCode ?? 502, answer.headers)))
        return void request.pipe(passed)
      })
      server.on('connect', (request, socket: Socket, head) => {
        note(`CONNECT ${request.url}`, request.headers['proxy-authorization'])
        if (status !== undefined) return void socket.end(`HTTP/1.1 ${status} No\r\n\r\n`)
        const tunnel = connect(Number(port), hostname, () => {
          socket.write('HTTP/1.1 200 OK\r\n\r\n')
          tunnel.write(head)
          socket.pipe(tunnel).pipe(socket)
        })
        for (const one of [socket, tunnel]) one.on('error', () => one.destroy())
        return void sockets.add(tunnel)
      })
      server.on('connection', (socket: Socket) => void sockets.add(socket))
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
      closers.push(async () => {
        for (const socket of sockets) socket.destroy()
        await new Promise((resolve) => server.close(resolve))
      })
      return { origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked }
    },
  }
}
