import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { signalTree } from './process-tree'

/** A server of the tests' own, which may be started again on the data that it had. */
export interface TestServer {
  /** Resolves when it takes connections. */
  start(): Promise<void>
  /** Ends it as a crash does; resolves when it is gone. */
  stop(): Promise<void>
  /** `SIGSTOP` lets it hang, `SIGCONT` go on. */
  signal(name: NodeJS.Signals): void
}

export interface ServerProgram {
  readonly program: string
  readonly args: readonly string[]
  /** What it writes when it takes connections. */
  readonly ready: string
  /** The folder and the user that it runs in and as. */
  readonly options?: { readonly cwd: string; readonly uid?: number; readonly gid?: number }
}

const TRIES = 20
const PAUSE_MS = 500

/** Creates a server that is not started. */
export function createTestServer({ program, args, ready, options }: ServerProgram): TestServer {
  let child: ChildProcess | undefined

  async function startOnce(): Promise<void> {
    const started = spawn(program, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] })
    child = started
    const log: string[] = []
    await new Promise<void>((resolve, reject) => {
      for (const input of [started.stdout, started.stderr])
        createInterface({ input }).on('line', (line) => {
          log.push(line)
          if (line.includes(ready)) resolve()
        })
      started.once('error', reject)
      started.once('exit', () => reject(new Error(`${program} ended: ${log.join('\n')}`)))
    })
  }

  return {
    async start() {
      // A connection of another test may have been given the port of a server that is started again.
      for (let left = TRIES; ; left -= 1) {
        try {
          return await startOnce()
        } catch (error) {
          if (left === 0 || !String(error).includes('Address already in use')) throw error
          await sleep(PAUSE_MS)
        }
      }
    },
    async stop() {
      const ending = child
      child = undefined
      if (ending === undefined || ending.exitCode !== null || ending.signalCode !== null) return
      const ended = once(ending, 'exit')
      // PostgreSQL would leave shared memory behind if it and its children were killed.
      ending.kill('SIGQUIT')
      signalTree(ending, 'SIGCONT')
      await ended
    },
    signal(name) {
      if (child !== undefined) signalTree(child, name)
    },
  }
}
