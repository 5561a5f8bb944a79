/** How soon after a signal the same one is an echo of it. */
const ECHO_MS = 100

/**
 * Says of each signal whether it is one that somebody sent. Under npx a single Ctrl-C comes twice: from the terminal,
 * and from npm, which hands on what it got from the terminal too. `now` is in milliseconds.
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
