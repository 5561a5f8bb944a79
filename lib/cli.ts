#!/usr/bin/env node
import { EXIT_DONE, EXIT_FAILED, EXIT_INTERRUPTED, type Io } from './cli/io'
import { main } from './cli/main'
import { createIsPress } from './cli/interrupts'

const SIGNALS = ['SIGINT', 'SIGTERM'] as const
/** How long everything has to close after it was asked to a second time. */
const LAST_MS = 1000

const io: Io = {
  stdout: process.stdout,
  stderr: process.stderr,
  // Looked at only when it is wanted, since that opens it.
  get stdin() {
    return process.stdin
  },
  env: process.env,
  cwd: process.cwd(),
  now: Date.now,
  onSignal(handler) {
    const isPress = createIsPress(() => performance.now())
    let count = 0
    const onSignal = (signal: string): void => {
      if (!isPress(signal)) return
      count += 1
      if (count > 1) setTimeout(() => process.exit(EXIT_INTERRUPTED), LAST_MS).unref()
      handler()
    }
    for (const signal of SIGNALS) process.on(signal, onSignal)
    return () => {
      for (const signal of SIGNALS) process.off(signal, onSignal)
    }
  },
}

/** Whoever read the output, such as `head`, has had enough. */
process.stdout.on('error', (error: NodeJS.ErrnoException) =>
  process.exit(error.code === 'EPIPE' ? EXIT_DONE : EXIT_FAILED),
)
// Nobody is left to be told.
process.stderr.on('error', () => undefined)

async function perform(): Promise<void> {
  // Until it is known better: should nothing keep the process alive before the command has ended, that is a failure.
  process.exitCode = EXIT_FAILED
  process.exitCode = await main(process.argv.slice(2), io)
}

void perform()
