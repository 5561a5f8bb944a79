#!/usr/bin/env node
import { createInterface } from 'node:readline'
import { EXIT_DONE, EXIT_FAILED, EXIT_INTERRUPTED, type Io } from './cli/io'
import { main } from './cli/main'
import { createIsPress } from './cli/interrupts'

const SIGNALS = ['SIGINT', 'SIGTERM'] as const
/** How long everything has to close after a second signal. */
const LAST_MS = 1000

const io: Io = {
  stdout: process.stdout,
  stderr: process.stderr,
  // A getter, since reading the property opens stdin.
  get stdin() {
    return process.stdin
  },
  onLine(handler) {
    const lines = createInterface({ input: process.stdin })
    const ignore = (): void => undefined
    // In the background of a shell reading is refused by this signal, which would stop the process.
    process.on('SIGTTIN', ignore)
    process.stdin.on('error', ignore)
    lines.on('line', handler)
    return () => {
      lines.close()
      process.off('SIGTTIN', ignore)
    }
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

/** The reader of the output, such as `head`, has ended. */
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(EXIT_DONE)
  process.stderr.write(`error: The output cannot be written: ${error.message}\n`)
  process.exit(EXIT_FAILED)
})
// No output is left to report to.
process.stderr.on('error', () => undefined)

async function perform(): Promise<void> {
  // When nothing keeps the process alive before the command has ended, that is a failure.
  process.exitCode = EXIT_FAILED
  process.exitCode = await main(process.argv.slice(2), io)
}

void perform()
