import type { AddressInfo } from 'node:net'

/** What is used of ssh2's server. */
interface ServerLibrary {
  readonly Server: new (
    config: { readonly hostKeys: readonly string[]; readonly banner?: string },
    onClient: (client: ServerClient) => void,
  ) => ServerPart
}

interface ServerPart {
  listen(port: number, host: string): ServerPart
  address(): unknown
  close(done: () => void): void
  on(event: string, listener: () => void): unknown
}

export interface ServerClient {
  on(event: 'authentication', listener: (login: LoginAttempt) => void): ServerClient
  on(event: 'request', listener: (accept: ((port?: number) => void) | null, reject: () => void) => void): ServerClient
  on(event: 'error' | 'close', listener: (error?: unknown) => void): ServerClient
  end(): void
}

export interface LoginAttempt {
  readonly method: string
  readonly username: string
  readonly password?: string
  accept(): void
  reject(methods?: readonly string[], isPartial?: boolean): void
  prompt(questions: readonly object[], title: string, onAnswers: (answers: readonly string[]) => void): void
  requestChange?(question: string, done: (password: string) => void): void
}

/** An ssh server inside the test that does what no real one would. */
export interface FakeSshServer {
  readonly port: number
  /** How many connections are open. */
  clients(): number
  close(): Promise<void>
}

const { Server }: ServerLibrary = require('ssh2')

/** Starts it on the loopback address; every client goes to `onClient`. */
export async function startFakeSshServer(
  hostKey: string,
  onClient: (client: ServerClient) => void,
): Promise<FakeSshServer> {
  const open = new Set<ServerClient>()
  const server = new Server({ hostKeys: [hostKey] }, (client) => {
    open.add(client)
    client.on('error', () => undefined)
    client.on('close', () => void open.delete(client))
    onClient(client)
  })
  await new Promise<void>((resolve) => {
    server.on('listening', resolve)
    server.listen(0, '127.0.0.1')
  })
  return {
    port: (server.address() as AddressInfo).port,
    clients: () => open.size,
    async close() {
      for (const client of open) client.end()
      await new Promise<void>((resolve) => server.close(resolve))
    },
  }
}
