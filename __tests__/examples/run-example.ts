import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface, type Interface } from 'node:readline'
import { text } from 'node:stream/consumers'

/** How a process ended, once it and everybody who inherited its output is gone. */
export interface Ended {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: readonly string[]
  readonly stderr: string
}

export interface Running {
  readonly child: ChildProcess
  /** The next line of the output for which `read` finds something, and what it found. */
  find<T>(read: (line: string) => T | undefined): Promise<T>
  readonly ended: Promise<Ended>
  /** Ends it, and whoever it left behind. */
  stop(): Promise<unknown>
}

const EXAMPLES = join(__dirname, '..', '..', 'examples')

/** Runs Node in the folder of an example, as a user's shell would: without what Jest puts into the environment. */
export function runExample(
  folder: string,
  args: readonly string[],
  variables: Readonly<Record<string, string>> = {},
): Running {
  const { NODE_ENV: _ofJest, ...env } = process.env
  const child = spawn(process.execPath, args, {
    cwd: join(EXAMPLES, folder),
    env: { ...env, ...variables },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  })
  const lines = createInterface({ input: child.stdout })
  const ended = waitForEnd(child, lines, text(child.stderr))
  return {
    child,
    find: (read) => Promise.race([findLine(lines, read), failAfter(ended)]),
    ended,
    stop() {
      killGroup(child)
      return ended
    },
  }
}

/** Kills a detached process with all of its children; those that ended already are no matter. */
function killGroup({ pid }: ChildProcess): void {
  if (pid !== undefined && isAlive(-pid)) process.kill(-pid, 'SIGKILL')
}

function findLine<T>(lines: Interface, read: (line: string) => T | undefined): Promise<T> {
  return new Promise((resolve) => {
    lines.on('line', (line) => {
      const found = read(line)
      if (found !== undefined) resolve(found)
    })
  })
}

async function failAfter(ended: Promise<Ended>): Promise<never> {
  const { code, stderr } = await ended
  throw new Error(`The example ended with ${code} before it wrote the line: ${stderr}`)
}

async function waitForEnd(child: ChildProcess, lines: Interface, errors: Promise<string>): Promise<Ended> {
  const stdout: string[] = []
  lines.on('line', (line) => stdout.push(line))
  const [stderr, [code, signal]] = await Promise.all([errors, once(child, 'close')])
  return { code, signal, stdout, stderr }
}

/** Whether a process runs; for a negative number, whether any process of that group does. */
export function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}
