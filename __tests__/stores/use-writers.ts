import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { afterEach } from '@jest/globals'
import { until } from '../tunnels/processes'

export interface Writer {
  readonly pid: number
  /** The whole lines that it has said. */
  readonly lines: () => readonly string[]
  /** Resolves when it has said so many lines. */
  said(count: number): Promise<void>
  /** Kills it by SIGKILL; resolves when it is gone, and all that it said was heard. */
  kill(): Promise<void>
}

/** Starts processes that write to a ledger; they need dist, and are killed after the test. */
export function useWriters(): (folder: string, ...args: readonly string[]) => Promise<Writer> {
  const children: ChildProcess[] = []
  afterEach(() => {
    for (const child of children.splice(0)) child.kill('SIGKILL')
  })

  return async (folder, ...args) => {
    const child = spawn(process.execPath, [join(__dirname, 'writer.cjs'), folder, ...args], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    children.push(child)
    const closed = once(child, 'close')
    let text = ''
    let isClosed = false
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
    child.once('close', () => (isClosed = true))
    const lines = (): readonly string[] => text.split('\n').slice(0, -1)
    const writer: Writer = {
      pid: child.pid ?? -1,
      lines,
      async said(count) {
        await until(() => isClosed || lines().length >= count)
        if (isClosed) throw new Error('the writer ended early; is dist built?')
      },
      async kill() {
        child.kill('SIGKILL')
        await closed
      },
    }
    await writer.said(1)
    return writer
  }
}
