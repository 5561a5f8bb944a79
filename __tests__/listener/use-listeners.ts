import { afterEach } from '@jest/globals'
import request, { type Test } from 'supertest'
import { compileConfig } from '../../lib/config/normalize'
import type { CallbacksConfig } from '../../lib/config/schema'
import { createArrivals } from '../../lib/store/arrivals'
import { createMemoryStore } from '../../lib/store/registry'
import { createEmitter, type Emitter, type EventName } from '../../lib/base/events'
import { createRouteTable } from '../../lib/listener/paths/route-table'
import { compileListener, take } from '../../lib/listener/router'
import { createSelection } from '../../lib/listener/paths/selection'
import { createHolding } from '../../lib/listener/held/holding'
import type { StartWorkflow } from '../../lib/listener/start'
import { createCallbackServer } from '../../lib/app/server'
import type { Outcome, Store } from '../../lib/base/contracts'
import { createWaitEnds } from '../../lib/app/waiting/wait-ends'
import { createWaits, type Waits } from '../../lib/app/waiting/waits'
import { createFakeClock, type FakeClock } from '../helpers/fake-clock'
import { useHosts } from '../helpers/use-hosts'

/** A workflow that was started. */
export interface SeenStart {
  readonly workflow: string | false | undefined
  readonly input: unknown
  readonly outcome: Outcome | undefined
}

/** Compiled listeners on 127.0.0.1, whose workflows are only noted. */
export interface OpenListeners {
  readonly starts: readonly SeenStart[]
  /** The names of the events and, where there is one, the task. */
  readonly events: readonly string[]
  readonly log: readonly string[]
  readonly waits: Waits
  readonly store: Store
  readonly emitter: Emitter
  readonly clock: FakeClock
  readonly origin: string
  post(path: string): Test
}

export interface ListenerOptions {
  /** Called before a start is noted. */
  readonly onStart?: () => void
  /** Whether the endpoints have a workflow to start; default true. */
  readonly starts?: boolean
  readonly isClosing?: () => boolean
}

const NAMES: readonly EventName[] = [
  'received',
  'settled',
  'failed',
  'pending',
  'parked',
  'duplicate',
  'unidentified',
  'filtered',
  'rejected',
  'started',
]

/** Opens listeners whose callbacks are all event sources, without the workflows that they start. */
export function useListeners(): { open(config: CallbacksConfig, options?: ListenerOptions): Promise<OpenListeners> } {
  const hosts = useHosts()
  const stores: Store[] = []
  afterEach(async () => {
    for (const store of stores.splice(0)) await store.close()
  })

  return {
    async open(config, { onStart, starts: hasStarter = true, isClosing = () => false } = {}) {
      const clock = createFakeClock()
      const log: string[] = []
      const write = (_details: object, message: string): void => void log.push(message)
      const logger = { debug: write, info: write, warn: write, error: write }
      const arrivals = createArrivals()
      const emitter = createEmitter(logger, undefined, arrivals.note)
      const park = { forMs: 600_000, max: 10, maxBytes: 1_000_000 }
      const store = createMemoryStore({ clock, maxWaits: 100, park, onForgotten: () => undefined })
      stores.push(store)
      const starts: SeenStart[] = []
      const startOf = ({ workflow }: { workflow: SeenStart['workflow'] }): StartWorkflow => {
        return (input, outcome) => {
          onStart?.()
          starts.push({ workflow, input, outcome })
          return { task: `task-${starts.length}`, isNew: true }
        }
      }
      const spec = compileConfig(config, { env: {} })
      const routes = spec.listeners.flatMap((listener) =>
        compileListener(listener, new Set(), {
          store,
          emitter,
          logger,
          clock,
          env: spec.env,
          gateways: spec.gateways,
          isClosing,
          isDraining: isClosing,
          isPointedAt: () => false,
          fetch: () => Promise.reject(new Error('nothing is fetched here')),
          calledUrlOf: (_listener, { url }) => `https://hooks.example${url}`,
          problems: [],
          recorder: undefined,
          holding: createHolding({ clock, whenEnded: () => undefined, statusUrlOf: () => undefined }),
          startOf: hasStarter ? startOf : () => undefined,
        }),
      )
      const table = createRouteTable(routes)
      const endpoints = routes
        .map(({ endpoint }) => endpoint)
        .filter((endpoint) => endpoint.listener.kind === 'callback')
      const selection = createSelection(endpoints)
      const waits = createWaits({
        selection,
        store,
        emitter,
        clock,
        urlOf: ({ path }) => path,
        ends: createWaitEnds(store, emitter),
        arrivals,
        checksOf: () => undefined,
        mask: (text) => text,
      })
      const origin = await hosts.serve(createCallbackServer((...exchange) => take(table, ...exchange), undefined))
      const post = (path: string): Test => request(origin).post(path)
      return { starts, events: noteEvents(emitter), log, waits, store, emitter, clock, origin, post }
    },
  }
}

function noteEvents(emitter: Emitter): readonly string[] {
  const seen: string[] = []
  for (const name of NAMES)
    emitter.on(name, (event) => void seen.push('task' in event ? `${name} ${event.task}` : name))
  return seen
}
