import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { CallbacksConfig } from '../../lib'

/** What an instance wrote. */
export interface Line {
  readonly is: 'ready' | 'task' | 'job' | 'log' | 'wait' | 'span'
  readonly task?: string
  readonly id?: string
  readonly job?: string
  readonly status?: string
  readonly message?: string
  readonly port?: number
  /** A span that its SDK has exported. */
  readonly span?: ExportedSpan
  /** Why the callbacks could not be opened. */
  readonly failed?: string
}

/** A span as an instance wrote it. */
export interface ExportedSpan {
  readonly name: string
  readonly traceId: string
  readonly spanId: string
  readonly parent: string | null
  /** The spans that it is linked to. */
  readonly links: readonly string[]
  /** Milliseconds since the epoch. */
  readonly start: number
  readonly end: number
}

/** What an instance answered; without a status when it did not. */
export interface Answered {
  readonly status: number | undefined
  readonly retryAfter: string | null
  readonly body: unknown
}

/** An app as a process of its own. */
export interface Instance {
  /** All it wrote by now. */
  readonly lines: readonly Line[]
  /** The tasks whose orders it has recorded. */
  readonly recorded: ReadonlySet<string>
  /** The tasks that it has said to have ended, in their order. */
  readonly ended: readonly string[]
  /** Resolves when a condition holds, which is looked at with every line. */
  until(condition: () => boolean): Promise<void>
  /** Resolves with the first line that fits, as soon as it is written. */
  writes(fits: (line: Line) => boolean): Promise<Line>
  post(path: string, body: object, headers?: Readonly<Record<string, string>>): Promise<Answered>
  get(path: string): Promise<Answered>
  /** `kill -9`; resolves when it is gone. */
  kill(): Promise<void>
  /** Stops it where it is (`SIGSTOP`), without its noticing. */
  freeze(): void
  /** Lets it go on (`SIGCONT`). */
  thaw(): void
  /** Lets it end by itself; resolves with its exit code. */
  stop(): Promise<number | null>
}

const APP = join(__dirname, 'app.cjs')
const NOTHING: Answered = { status: undefined, retryAfter: null, body: undefined }

const living = new Set<Instance>()

/** Ends what a test that failed has left. */
export async function killAll(): Promise<void> {
  await Promise.all(Array.from(living, (instance) => instance.kill()))
}

/** Starts an app with a config; resolves when it takes requests. With `TRACED` it writes its spans. */
export async function startInstance(
  config: CallbacksConfig,
  variables: Readonly<Record<string, string>> = {},
): Promise<Instance> {
  const { NODE_ENV: _ofJest, ...env } = process.env
  const child = spawn(process.execPath, [APP], {
    env: { ...env, ...variables, APP: JSON.stringify(config) },
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  child.stdin.on('error', () => undefined)
  const lines: Line[] = []
  const recorded = new Set<string>()
  const endedTasks: string[] = []
  const onLine = new Set<() => void>()
  const ended = once(child, 'close')
  createInterface({ input: child.stdout }).on('line', (text) => {
    const line: Line = JSON.parse(text)
    lines.push(line)
    note(line)
    for (const look of onLine) look()
  })

  function note({ is, task = '', job, status }: Line): void {
    if (is === 'task' && status !== 'running') endedTasks.push(task)
    if (is === 'job' && job === 'paint' && status === 'waiting') recorded.add(task)
  }

  async function until(condition: () => boolean): Promise<void> {
    if (condition()) return
    let look = (): void => undefined
    const held = new Promise<void>((resolve) => {
      look = () => condition() && resolve()
      onLine.add(look)
    })
    const failed = ended.then(() => Promise.reject(new Error(`It ended: ${JSON.stringify(lines.slice(-5))}`)))
    failed.catch(() => undefined)
    try {
      await Promise.race([held, failed])
    } finally {
      onLine.delete(look)
    }
  }

  async function writes(fits: (line: Line) => boolean): Promise<Line> {
    let found = lines.find(fits)
    await until(() => (found ??= [lines.at(-1)].find((line) => line !== undefined && fits(line))) !== undefined)
    if (found === undefined) throw new Error('It wrote no such line')
    return found
  }

  let origin = ''
  const instance: Instance = {
    lines,
    recorded,
    ended: endedTasks,
    until,
    writes,
    post: (path, body, headers) => ask(`${origin}${path}`, { method: 'POST', body: JSON.stringify(body), headers }),
    get: (path) => ask(`${origin}${path}`, {}),
    kill: () => end(child, 'SIGKILL', ended),
    freeze: () => void child.kill('SIGSTOP'),
    thaw: () => void child.kill('SIGCONT'),
    async stop() {
      await end(child, 'SIGTERM', ended)
      return child.exitCode
    },
  }
  living.add(instance)
  const forget = (): void => void living.delete(instance)
  ended.then(forget, forget)
  const { port } = await writes(({ is }) => is === 'ready')
  origin = `http://127.0.0.1:${port}`
  return instance
}

async function end(child: ChildProcess, signal: NodeJS.Signals, ended: Promise<unknown>): Promise<void> {
  child.kill(signal)
  await ended
}

interface Question {
  readonly method?: string
  readonly body?: string
  readonly headers?: Readonly<Record<string, string>> | undefined
}

async function ask(url: string, { headers, ...init }: Question): Promise<Answered> {
  try {
    const own = { 'content-type': 'application/json', connection: 'close' }
    const response = await fetch(url, { ...init, headers: { ...own, ...headers } })
    const text = await response.text()
    const body: unknown = text === '' ? undefined : JSON.parse(text)
    return { status: response.status, retryAfter: response.headers.get('retry-after'), body }
  } catch {
    return NOTHING
  }
}
