import type { Io } from './io'

/** The first two signals that ask the process to end. */
export interface Interrupts {
  readonly first: Promise<void>
  readonly second: Promise<void>
  /** Stops listening. */
  stop(): void
}

/** Listens for Ctrl-C from now on. */
export function listenForInterrupts(io: Pick<Io, 'onSignal'>): Interrupts {
  const resolvers: (() => void)[] = []
  const first = new Promise<void>((resolve) => void resolvers.push(resolve))
  const second = new Promise<void>((resolve) => void resolvers.push(resolve))
  let count = 0
  const stop = io.onSignal(() => {
    resolvers[count]?.()
    count += 1
  })
  return { first, second, stop }
}

/** How soon after a signal the same one is an echo of it. */
const ECHO_MS = 100

/**
 * Creates the function that tells a signal from its echo. Under npx a single Ctrl-C comes twice: from the terminal, and
 * from npm, which got it from the terminal and passes it on. `now` is in milliseconds.
 */
export function createIsPress(now: () => number): (signal: string) => boolean {
  const last = new Map<string, number>()
  return (signal) => {
    const at = now()
    const before = last.get(signal)
    last.set(signal, at)
    return before === undefined || at - before >= ECHO_MS
  }
}
