import type { TunnelRequest } from '../../lib/base/contracts'
import { createFakeClock, type FakeClock } from '../helpers/fake-clock'

/** A request whose clock stands still and whose log can be read. */
export interface LoggedRequest extends TunnelRequest {
  readonly clock: FakeClock
  /** What was logged, as `debug message`. */
  readonly log: readonly string[]
  /** The delays of all timers that were set. */
  readonly delays: readonly number[]
}

/** Gives a request for port 8090 with these options. */
export function requestOf(options: object, over: Partial<Omit<TunnelRequest, 'clock' | 'logger'>> = {}): LoggedRequest {
  const log: string[] = []
  const write =
    (level: string) =>
    (_details: object, message: string): void =>
      void log.push(`${level} ${message}`)
  const clock = createFakeClock()
  const delays: number[] = []
  const { setTimeout } = clock
  clock.setTimeout = (callback, delayMs) => {
    delays.push(delayMs)
    return setTimeout(callback, delayMs)
  }
  return {
    port: 8090,
    host: '127.0.0.1',
    options: Object.freeze({ ...options }),
    env: {},
    signal: new AbortController().signal,
    previousUrl: undefined,
    onPublicUrl: () => undefined,
    ...over,
    clock,
    logger: { debug: write('debug'), info: write('info'), warn: write('warn'), error: write('error') },
    log,
    delays,
  }
}
