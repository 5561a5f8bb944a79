import { compileConfig, type GatewaySpec } from '../../lib/config/normalize'
import type { CallbacksConfig } from '../../lib/config/schema'
import { CallbackError } from '../../lib/base/errors'
import { createEmitter, type Emitter } from '../../lib/base/events'
import { createGateways, type Gateways } from '../../lib/gateway/gateways'
import type { GatewayState, GatewayStatus, Logger, Tunnel, TunnelDriver, TunnelRequest } from '../../lib/base/contracts'
import { createFakeClock, type FakeClock } from '../helpers/fake-clock'

/** One attempt of a fake driver, which ends when the test says so. */
export interface FakeAttempt {
  readonly request: TunnelRequest
  /** Opens the tunnel; `over` replaces parts of it, also by what is no tunnel. */
  open(publicUrl?: string, over?: object): void
  fail(error: unknown): void
  /** The tunnel ends by itself. */
  end(reason?: unknown): void
  /** The tunnel ends by itself and its promise rejects. */
  breakOff(reason: unknown): void
  /** How often the tunnel was closed. */
  readonly closes: number
}

export interface FakeDriver {
  readonly driver: TunnelDriver
  readonly attempts: readonly FakeAttempt[]
  /** The last attempt. */
  readonly last: FakeAttempt
}

/** Gives a driver whose attempts wait for the test. It pays heed to the signal only when told so. */
export function createFakeDriver(heedsSignal = true): FakeDriver {
  const attempts: FakeAttempt[] = []
  return {
    attempts,
    get last() {
      const last = attempts.at(-1)
      if (last === undefined) throw new Error('the driver was not called')
      return last
    },
    driver: (request) =>
      new Promise<Tunnel>((resolve, reject) => {
        let closes = 0
        let end = (_reason: unknown): void => undefined
        let breakOff = end
        const closed = new Promise<unknown>((settle, refuse) => {
          end = settle
          breakOff = refuse
        })
        const close = async (): Promise<void> => {
          closes += 1
          end(undefined)
        }
        attempts.push({
          request,
          open: (publicUrl = 'https://one.example', over = {}) => resolve({ publicUrl, closed, close, ...over }),
          fail: reject,
          end: (reason) => end(reason),
          breakOff: (reason) => breakOff(reason),
          get closes() {
            return closes
          },
        })
        if (heedsSignal) request.signal.addEventListener('abort', () => reject(request.signal.reason), { once: true })
      }),
  }
}

/** A failure after which trying again makes no sense. */
export const REFUSED = new CallbackError('ERR_GATEWAY_AUTH', { message: 'no such user' })

export interface LogLine {
  readonly level: keyof Logger
  readonly message: string
  readonly details: object
}

export interface Setup {
  readonly gateways: Gateways
  readonly emitter: Emitter
  readonly events: readonly GatewayStatus[]
  readonly clock: FakeClock
  /** The public URLs that are gone, as `8090 https://old.example`. */
  readonly goneUrls: readonly string[]
  readonly log: readonly LogLine[]
  /** The states that were told, as `8090 ready`. */
  states(): readonly string[]
  stateOf(port: number): GatewayState | undefined
}

/** Gives the gateways of a config, with what they log and tell. Listened ports are those of the config plus 1000. */
export function setUp(
  config: CallbacksConfig,
  drivers: Readonly<Record<string, TunnelDriver>> = {},
  isListening = true,
): Setup {
  const log: LogLine[] = []
  const write =
    (level: keyof Logger) =>
    (details: object, message: string): void =>
      void log.push({ level, message, details })
  const logger = { debug: write('debug'), info: write('info'), warn: write('warn'), error: write('error') }
  const emitter = createEmitter(logger)
  const events: GatewayStatus[] = []
  emitter.on('gateway', (status) => void events.push(status))
  const specs: readonly GatewaySpec[] = compileConfig(config).gateways
  const clock = createFakeClock()
  const goneUrls: string[] = []
  const gateways = createGateways(specs, {
    drivers,
    logger,
    emitter,
    clock,
    env: { PATH: '/bin' },
    random: () => 0,
    localPortOf: (port) => port + 1000,
    isListening: async () => isListening,
    onUrlChange: (port, previousUrl) => void goneUrls.push(`${port} ${previousUrl}`),
  })
  return {
    gateways,
    emitter,
    clock,
    goneUrls,
    events,
    log,
    states: () => events.map(({ port, state }) => `${port} ${state}`),
    stateOf: (port) => gateways.statuses.get(port)?.state,
  }
}

/** Lets promises go on, after which Jest has failed a test that left a rejection unhandled. */
export async function turns(): Promise<void> {
  for (let turn = 0; turn < 3; turn += 1) await new Promise((resolve) => setImmediate(resolve))
}
