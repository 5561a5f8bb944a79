import type { Readable } from 'node:stream'
import type { Clock } from '../base/contracts'

/** Where text goes. */
export interface Output {
  write(text: string): unknown
  /** Whether a person reads it. */
  readonly isTTY?: boolean | undefined
}

/** What the command line uses of its process, so that tests can replace it. */
export interface Io {
  readonly stdout: Output
  readonly stderr: Output
  readonly stdin: Readable & Pick<Output, 'isTTY'>
  /** Calls the handler with each line that is typed. Returns the function that stops that. */
  readonly onLine?: (handler: (line: string) => void) => () => void
  readonly env: Readonly<Record<string, string | undefined>>
  /** The working directory. */
  readonly cwd: string
  /** Milliseconds since the epoch, for the log. */
  now(): number
  /** Time for waits and tasks; default: that of the machine. */
  readonly clock?: Clock | undefined
  /** Calls the handler for every signal that asks the process to end. Returns the function that stops that. */
  onSignal(handler: () => void): () => void
}

/** All went well. The four codes are also told in syntax/help.ts. */
export const EXIT_DONE = 0
/** Something went wrong, and the output says what. */
export const EXIT_FAILED = 1
/** The command line was not understood. */
export const EXIT_USAGE = 2
/** Ctrl-C cut something off. */
export const EXIT_INTERRUPTED = 130
