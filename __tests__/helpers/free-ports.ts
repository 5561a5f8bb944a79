import { createServer, type AddressInfo, type Server } from 'node:net'

async function listen(): Promise<Server> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return server
}

async function close(server: Server): Promise<void> {
  await new Promise<void>((resolve) => server.close(() => resolve()))
}

function portOf(server: Server): number {
  return (server.address() as AddressInfo).port
}

/** Ports of 127.0.0.1 that nobody uses. */
export async function findFreePorts(count: number): Promise<readonly number[]> {
  const servers = await Promise.all(Array.from({ length: count }, listen))
  const ports = servers.map(portOf)
  await Promise.all(servers.map(close))
  return ports
}

/** A port that somebody uses, for as long as `run` takes. */
export async function withTakenPort(run: (port: number) => Promise<void>): Promise<void> {
  const server = await listen()
  try {
    await run(portOf(server))
  } finally {
    await close(server)
  }
}
