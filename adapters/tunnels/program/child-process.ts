import { stripVTControlCharacters } from 'node:util'
import { StringDecoder } from 'node:string_decoder'
import { type ChildProcess, spawn } from 'node:child_process'
import { constants } from 'node:os'
import { reasonOf } from '../../../lib/base/errors'
import { isDoneWithin } from '../../../lib/base/timers'
import type { Clock, TunnelRequest } from '../../../lib/base/contracts'

/** A program to start. */
export interface Command {
  /** Its path. */
  readonly file: string
  readonly args: readonly string[]
  /** All of its variables; it gets no others. */
  readonly env: TunnelRequest['env']
  /** What must show nowhere: replaced by `***` in every line. */
  readonly secrets?: readonly (string | undefined)[] | undefined
  /** Run when it has ended: takes away what it would leave, such as a container. */
  readonly cleanup?: readonly string[] | undefined
  /** The image of a container, which must be there before it starts. */
  readonly image?: string | undefined
}

export interface ChildOptions {
  readonly clock: Clock
  /** Told every whole line of its output and its errors, for its whole life. */
  readonly onLine: (line: string) => void
}

/** A program that runs. */
export interface Child {
  /** Resolves when it has ended, all that it wrote was told, and what it would leave was taken away. */
  readonly ended: Promise<Ended>
  /** SIGTERM, and SIGKILL for what is still there after the grace time. Resolves when nothing is left of it. */
  stop(): Promise<void>
}

/** How a program ended: by a code, by a signal, or because it could not be started. */
export interface Ended {
  readonly code: number | undefined
  readonly signal: string | undefined
  readonly error: Error | undefined
}

/** How long a program has after SIGTERM; cloudflared takes up to its own grace time of 5 s. */
const GRACE_MS = 8000
/** How long its guard has after that. */
const GUARD_MS = 2000
/** How long it may take to take away what a program left, where there is no guard. */
const CLEANUP_MS = 10_000
/** How long what outlives the program, in a session of its own, may still hold its output. */
const OUTPUT_MS = 1000

/**
 * Stands between this process and the program, and holds a pipe from this process. However this process dies, SIGKILL
 * included, the pipe ends, and the guard ends the program: politely, and a second later by force, with everything that
 * it started. Its first argument is a command that takes away what the program would leave behind. Runs in dash and
 * bash. The traps come after the program, since dash loses a signal to a child that still has its parent's; a guard
 * that ends before them is swept away with all that it started.
 */
const GUARD = `
cleanup=$1; shift
code= signalled= orphaned=
exec 3<&0 </dev/null
"$@" 3<&- &
program=$!
trap 'signalled=1; kill -TERM "$program"' TERM
trap 'signalled=1; kill -KILL "$program"' USR1
trap 'signalled=1 orphaned=1' USR2
exec >/dev/null 2>&1
(
  trap - TERM USR1 USR2
  while read -r line <&3; do :; done
  kill -USR2 $$
  kill -TERM "$program"
  sleep 1
  kill -KILL "$program"
) &
watcher=$!
exec 3<&-
while :; do
  signalled=
  wait "$program"
  now=$?
  [ "$now" -eq 127 ] && [ -n "$code" ] || code=$now
  [ -n "$signalled" ] || break
done
eval "$cleanup"
[ -z "$orphaned" ] || kill -KILL 0
kill -KILL "$watcher"
exit "$code"
`

/**
 * Starts a program that dies with this process. It has a process group of its own, so that Ctrl-C in a terminal reaches
 * this process alone, which closes it in its turn. On Windows the system itself ends it with its parent.
 */
export function startChild(command: Command, { clock, onLine }: ChildOptions): Child {
  const redact = createRedact(command.secrets)
  let child: ChildProcess
  try {
    child = spawnGuarded(command)
  } catch (error) {
    // What the system refuses at once, such as an argument that is too long, is thrown.
    return createFailed(error)
  }
  const streams = [child.stdout, child.stderr].map((stream) => {
    const lines = createLines((line) => onLine(redact(line)))
    stream?.on('data', (chunk: Buffer) => lines.write(chunk))
    return lines
  })
  // A guard that is gone reads no more; its end is told by `exit`.
  child.stdin?.on('error', () => undefined)

  const ended = whenEnded(child, clock).then(async (end) => {
    for (const lines of streams) lines.end()
    await cleanUp(command, clock).catch(() => undefined) // it has ended all the same
    return end
  })

  async function stop(): Promise<void> {
    for (const [signal, waitMs] of [
      ['SIGTERM', GRACE_MS],
      ['SIGUSR1', GUARD_MS],
    ] as const) {
      child.kill(process.platform === 'win32' ? 'SIGKILL' : signal)
      if (await isDoneWithin(clock, waitMs, ended)) return
    }
    sweep(child)
    await ended
  }

  let stopping: Promise<void> | undefined
  return {
    ended,
    stop() {
      stopping ??= stop()
      return stopping
    },
  }
}

function createFailed(cause: unknown): Child {
  const error = new Error(reasonOf(cause), { cause })
  return { ended: Promise.resolve({ code: undefined, signal: undefined, error }), stop: async () => undefined }
}

async function whenEnded(child: ChildProcess, clock: Clock): Promise<Ended> {
  let end: Ended = { code: undefined, signal: undefined, error: undefined }
  let timer: unknown
  await new Promise<void>((resolve) => {
    child.on('error', (error) => {
      end = { ...end, error }
      if (child.pid === undefined) resolve()
    })
    child.once('exit', (code, signal) => {
      end = { ...end, ...readExit(code, signal) }
      sweep(child)
      timer = clock.setTimeout(() => {
        child.stdout?.destroy()
        child.stderr?.destroy()
      }, OUTPUT_MS)
    })
    child.once('close', () => resolve())
  })
  clock.clearTimeout(timer)
  return end
}

/** Puts how a program ended into words: `with exit code 1`. */
export function describeEnd({ code, signal, error }: Ended): string {
  if (error) return `because it could not be started: ${error.message}`
  return signal === undefined ? `with exit code ${code}` : `by ${signal}`
}

function spawnGuarded({ file, args, env, cleanup = [] }: Command): ChildProcess {
  if (process.platform === 'win32')
    return spawn(file, args, { env, windowsHide: true, stdio: ['ignore', 'pipe', 'pipe'] })
  const quoted = cleanup.map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(' ')
  const guarded = ['-c', GUARD, 'guard', quoted || ':', file, ...args]
  return spawn('/bin/sh', guarded, { env, detached: true, stdio: ['pipe', 'pipe', 'pipe'] })
}

/** On Windows there is no guard that does it. */
async function cleanUp({ cleanup = [], env }: Command, clock: Clock): Promise<void> {
  const [file, ...args] = cleanup
  if (process.platform !== 'win32' || file === undefined) return
  const child = spawn(file, args, { env, windowsHide: true, stdio: 'ignore' })
  const done = new Promise<void>((resolve) => {
    child.on('error', () => resolve())
    child.once('close', () => resolve())
  })
  if (!(await isDoneWithin(clock, CLEANUP_MS, done))) child.kill('SIGKILL')
}

/** Ends what is left of the program's group: what it started itself and did not end. */
function sweep({ pid }: ChildProcess): void {
  if (pid === undefined || process.platform === 'win32') return
  try {
    process.kill(-pid, 'SIGKILL')
  } catch {
    // Nothing is left.
  }
}

/** A shell gives 128 and its number for a signal. */
function readExit(code: number | null, signal: string | null): Pick<Ended, 'code' | 'signal'> {
  const signals = Object.entries(constants.signals)
  const named = signal ?? signals.find(([, number]) => code !== null && number === code - 128)?.[0]
  return { code: named === undefined ? (code ?? undefined) : undefined, signal: named }
}

/** The longest line that is kept whole, in characters; a longer one comes in pieces. */
const MAX_LINE = 64 * 1024

/** A line break of Unix or Windows, or the return with which a program draws its line again. What follows a last return decides. */
const BREAK = /\r\n|\n|\r(?!$)/
/** Titles, links, and a cursor that is kept: `stripVTControlCharacters` leaves parts of them, or takes a letter too many. */
// oxlint-disable-next-line no-control-regex -- they begin with one
const UNSTRIPPED = /\u001B(?:\][^\u0007\u001B]*(?:\u0007|\u001B\\)|[78])/g

/** Cuts what a program writes into lines. */
interface Lines {
  write(chunk: Buffer): void
  /** Ends the text: a rest without a line break is a line, too. */
  end(): void
}

/**
 * Creates a cutter that calls back with each whole line, without its line break, colours and other control sequences.
 */
export function createLines(onLine: (line: string) => void): Lines {
  const decoder = new StringDecoder('utf8')
  let rest = ''

  function give(line: string): void {
    onLine(stripVTControlCharacters(line.replace(/\r$/, '').replace(UNSTRIPPED, '')))
  }

  function take(text: string): void {
    const parts = (rest + text).split(BREAK)
    rest = parts.pop() ?? ''
    for (const part of parts) give(part)
    while (rest.length > MAX_LINE) {
      give(rest.slice(0, MAX_LINE))
      rest = rest.slice(MAX_LINE)
    }
  }

  return {
    write: (chunk) => take(decoder.write(chunk)),
    end() {
      take(decoder.end())
      if (rest !== '') give(rest)
      rest = ''
    },
  }
}

/** Creates a function that replaces secrets in a text by `***`. Missing and empty ones are skipped. */
export function createRedact(secrets: readonly (string | undefined)[] = []): (text: string) => string {
  const known = secrets.filter((secret) => secret !== undefined).filter((secret) => secret !== '')
  return (text) => known.reduce((rest, secret) => rest.replaceAll(secret, '***'), text)
}
