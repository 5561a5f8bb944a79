import { type Limit, withinLimit } from '../../../lib/base/timers'
import { type ChildOptions, type Command, type Ended, startChild } from './child-process'

/**
 * Runs a program to its end, and tells how it ended. Rejects with the signal's reason when that aborts, and with
 * `tooLate()` after the limit; nothing of the program is left then.
 */
export async function runCommand(command: Command, options: Limit & ChildOptions): Promise<Ended> {
  options.signal?.throwIfAborted()
  const child = startChild(command, options)
  try {
    return await withinLimit(options, () => child.ended)
  } finally {
    await child.stop()
  }
}
