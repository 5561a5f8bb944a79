import type { Io } from './io'

/** The first two times that somebody asks the process to end. */
export interface Interrupts {
  readonly first: Promise<void>
  readonly second: Promise<void>
  /** How many there were. */
  readonly count: number
  /** Listens no more. */
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
  return {
    first,
    second,
    get count() {
      return count
    },
    stop,
  }
}
