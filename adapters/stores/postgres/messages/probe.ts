import type { Clock } from '../../../../lib/base/contracts'
import { isDoneWithin } from '../../../../lib/base/timers'
import { openConnection } from '../connections/connection'
import type { Source } from '../connections/sources'

/** How long a probe may take, in milliseconds. */
const PROBE_MS = 500
/** Begins the payload of a probe. */
const PROBE = '?'

export interface ProbeOptions {
  readonly source: Source
  readonly clock: Clock
  readonly channel: string
  /** Aborts when the answer is not wanted any more. */
  readonly signal: AbortSignal
}

/** Finds out by a notification of its own whether notifications arrive. */
export interface Probe {
  /** Sends a probe on another connection, and returns whether it was heard. */
  isHeard(): Promise<boolean>
  /** Takes a payload that was heard; returns whether it was that of a probe. */
  take(payload: string): boolean
}

/**
 * Creates a probe. Behind a pooler a connection may have another server process for each transaction; then it hears
 * nothing.
 */
export function createProbe({ source, clock, channel, signal }: ProbeOptions): Probe {
  let onProbe: ((payload: string) => void) | undefined

  return {
    async isHeard() {
      const payload = `${PROBE}${Math.random()}`
      const heard = new Promise<void>((resolve) => {
        onProbe = (found) => found === payload && resolve()
      })
      const other = { source, clock, signal, onNotification: () => undefined, onLost: () => undefined }
      try {
        const sender = await openConnection(other, PROBE_MS)
        await sender.query('SELECT pg_notify($1, $2)', [channel, payload])
        await sender.close()
        return await isDoneWithin(clock, PROBE_MS, heard)
      } catch {
        return false
      } finally {
        onProbe = undefined
      }
    },
    take(payload) {
      if (!payload.startsWith(PROBE)) return false
      onProbe?.(payload)
      return true
    },
  }
}
