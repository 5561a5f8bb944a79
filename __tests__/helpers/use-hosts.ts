import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, expect } from '@jest/globals'
import express, { type Express } from 'express'
import request, { type Test } from 'supertest'
import { type Callbacks, callbacks, type CallbacksConfig, type CallbacksOptions, type Source } from '../../lib'
import { createFakeClock, type FakeClock } from './fake-clock'

/** What was logged: the level, the message and its details. */
export interface LogLine {
  readonly level: 'debug' | 'info' | 'warn' | 'error'
  readonly message: string
  readonly details: object
}

/** Callbacks with a clock that stands still and a log that is kept. */
export interface Started {
  readonly hooks: Callbacks
  readonly clock: FakeClock
  readonly log: readonly LogLine[]
}

/** Callbacks in an Express app that is served on 127.0.0.1. */
export interface Host extends Started {
  readonly app: Express
  readonly origin: string
  /** A POST to this path. */
  post(path: string): Test
}

export interface Hosts {
  start(config: CallbacksConfig | Source, options?: CallbacksOptions): Started
  /** Serves an app that mounts the callbacks, by default at its root; on `options.port`, or any. */
  open(
    config: CallbacksConfig | Source,
    options?: CallbacksOptions,
    mount?: (app: Express, hooks: Callbacks) => unknown,
  ): Promise<Host>
  /** Serves on a port of 127.0.0.1, by default any. */
  serve(server: Server | RequestListener, port?: number): Promise<string>
}

/** Opens hosts for one test each; afterwards nothing of them is left: no wait, server, socket, or timer of any clock. */
export function useHosts(): Hosts {
  const opened: Started[] = []
  const servers: Server[] = []

  afterEach(async () => {
    for (const server of servers.splice(0)) await closeServer(server)
    for (const { hooks, clock } of opened.splice(0)) {
      await hooks.close()
      expect(hooks.stats().waiting).toBe(0)
      expect(clock.timers).toBe(0)
    }
    expect(await leftOver()).toEqual([])
  })

  function start(config: CallbacksConfig | Source, options: CallbacksOptions = {}): Started {
    const clock = createFakeClock()
    const log: LogLine[] = []
    const hooks = callbacks(config, { clock, logger: createLog(log), ...options })
    const started = { hooks, clock, log }
    opened.push(started)
    return started
  }

  async function serve(app: Server | RequestListener, wanted = 0): Promise<string> {
    const server = typeof app === 'function' ? createServer(app) : app
    servers.push(server)
    await new Promise<void>((resolve) => server.listen(wanted, '127.0.0.1', resolve))
    const { port } = server.address() as AddressInfo
    return `http://127.0.0.1:${port}`
  }

  return {
    start,
    serve,
    async open(config, options, mount = (app, hooks) => app.use(hooks)) {
      const started = start(config, options)
      const app = express()
      mount(app, started.hooks)
      const origin = await serve(app, options?.port)
      return { ...started, app, origin, post: (path) => request(origin).post(path) }
    },
  }
}

function createLog(lines: LogLine[]): NonNullable<CallbacksOptions['logger']> {
  const write = (level: LogLine['level']) => (details: object, message: string) =>
    void lines.push({ level, message, details })
  return { debug: write('debug'), info: write('info'), warn: write('warn'), error: write('error') }
}

async function closeServer(server: Server): Promise<void> {
  await new Promise<void>((resolve) => {
    server.close(() => resolve())
    server.closeAllConnections()
  })
}

/** Sockets and servers that are still alive once closing sockets had many turns of the event loop. */
async function leftOver(): Promise<readonly string[]> {
  for (let turn = 0; turn < 200 && living().length > 0; turn += 1) {
    await new Promise((resolve) => setImmediate(resolve))
  }
  return living()
}

/** Timers are not looked at here: Jest has some of its own. The clocks count theirs. */
function living(): readonly string[] {
  return process.getActiveResourcesInfo().filter((kind) => kind === 'TCPSocketWrap' || kind === 'TCPServerWrap')
}
