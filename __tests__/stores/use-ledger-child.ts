import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterEach } from '@jest/globals'
import type { SharedServer } from './use-shared-ledgers'

/** Another process that has a ledger open. */
export interface LedgerChild {
  /** What it has said. */
  readonly said: readonly unknown[]
  /** Resolves when it is gone. */
  readonly ended: Promise<unknown>
  /** Ends it as kill -9 does. */
  kill(): Promise<void>
}

/** Starts processes with a ledger; none of them outlives its test. */
export function useLedgerChild() {
  const children: ChildProcess[] = []
  afterEach(() => {
    for (const child of children.splice(0)) child.kill('SIGKILL')
  })

  return (server: SharedServer, prefix: string, task: 'hang' | 'append' | 'publish' | 'listen'): LedgerChild => {
    const options = JSON.stringify({ type: server.type, url: server.url, prefix })
    const child = spawn(process.execPath, [join(__dirname, 'ledger-child.cjs'), options, task], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    children.push(child)
    const said: unknown[] = []
    const output = createInterface({ input: child.stdout })
    output.on('line', (line) => said.push(JSON.parse(line)))
    const ended = once(output, 'close')
    return {
      said,
      ended,
      async kill() {
        child.kill('SIGKILL')
        await ended
      },
    }
  }
}
