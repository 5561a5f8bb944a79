import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, expect } from '@jest/globals'
import type { Callbacks } from '../../lib'

/** What a test file opened and has not closed yet. */
interface Opened {
  readonly hooks: Callbacks[]
  readonly servers: Server[]
}

export interface Hosts {
  /** Closes the callbacks after the test. */
  own(hooks: Callbacks): Callbacks
  /** Lets a server listen on a free port of 127.0.0.1 until the test ends, and gives its origin. */
  serve(server: Server): Promise<string>
}

/** Closes after each test what it opened, and checks that nothing is left: no wait, no server, no socket, no timer. */
export function trackHosts(): Hosts {
  const opened: Opened = { hooks: [], servers: [] }

  afterEach(async () => {
    for (const server of opened.servers.splice(0)) {
      await new Promise<void>((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      })
    }
    for (const hooks of opened.hooks.splice(0)) {
      await hooks.close()
      expect(hooks.stats().waiting).toBe(0)
    }
    expect(await leftOver()).toEqual([])
  })

  return {
    own(hooks) {
      opened.hooks.push(hooks)
      return hooks
    },
    async serve(server) {
      opened.servers.push(server)
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
      const { port } = server.address() as AddressInfo
      return `http://127.0.0.1:${port}`
    },
  }
}

/** Sockets, servers and timers that are still alive once closing sockets had a few turns of the event loop. */
async function leftOver(): Promise<string[]> {
  for (let turn = 0; turn < 50 && living().length > 0; turn += 1) {
    await new Promise((resolve) => setImmediate(resolve))
  }
  return living()
}

function living(): string[] {
  const kinds = ['TCPSocketWrap', 'TCPServerWrap', 'Timeout', 'ProcessWrap']
  return process.getActiveResourcesInfo().filter((kind) => kinds.includes(kind))
}
