import { isDoneWithin, startTimer } from '../../../lib/timers'
import type { Clock } from '../../../lib/types'
import { isError, LOST } from './errors'
import type { RedisClient, Result } from './library'
import type { Names } from './names'
import { type Script, SCRIPTS } from './scripts'

/** How long a server may take to answer a command, counted from when that is sent, in milliseconds. */
export const ANSWER_MS = 2_000
/** How many bytes may add a millisecond to that: a slow network is not a server that hangs. */
const BYTES_A_MS = 1_000
/** See `startLimit`. */
const GRACE_MS = 100

/** The plain commands that change nothing. */
const READS: ReadonlySet<unknown> = new Set(['lrange', 'zrangebylex'])

/** One command: a script with its keys and arguments, or a plain command with its arguments. */
export interface Command {
  readonly run: Script | string
  readonly keys: readonly string[]
  readonly args: readonly string[]
}

/** Says that a connection did not answer in time. */
export class NoAnswer extends Error {
  constructor(limitMs: number) {
    super(`no answer within ${Math.round(limitMs)} ms`)
    this.name = 'NoAnswer'
  }
}

/** Creates a command that runs a script on the store's keys, and on others if there are any. */
export function runScript(names: Names, run: Script, keys: readonly string[], args: readonly string[]): Command {
  return { run, keys: [...names.all, ...keys], args }
}

/**
 * Sends commands in one write, and returns an answer for each. Scripts that the server does not know are loaded, and then
 * sent again in their order. Rejects with `NoAnswer` when the server does not answer in time.
 */
export async function exchange(
  clock: Clock,
  client: RedisClient,
  commands: readonly Command[],
  epoch: string,
): Promise<readonly Result[]> {
  const results = [...(await send(clock, client, commands, epoch))]
  const isUnknown = results.map(([error]) => isError(error, 'NOSCRIPT'))
  const first = isUnknown.indexOf(true)
  // What was read behind a script that was not run is read again behind it.
  const unknown = commands.flatMap(({ run }, index) =>
    isUnknown[index] || (first >= 0 && index > first && READS.has(run)) ? [index] : [],
  )
  if (unknown.length === 0) return results
  const keys = commands[unknown[0] ?? 0]?.keys ?? []
  await loadScripts(clock, client, keys)
  const again = unknown.flatMap((index) => commands[index] ?? [])
  const answers = await send(clock, client, again, epoch)
  for (const [place, index] of unknown.entries()) results[index] = answers[place] ?? [new Error('no answer')]
  return results
}

/**
 * Makes the server know all scripts, so that none is run later than one that was sent after it. They are run without an
 * epoch, with which they do nothing.
 */
export async function loadScripts(clock: Clock, client: RedisClient, keys: readonly string[]): Promise<void> {
  const texts = Object.values(SCRIPTS).map(({ text }) => ['eval', text, String(keys.length), ...keys, ''])
  await within(clock, client, ANSWER_MS, client.pipeline(texts).exec())
}

async function send(
  clock: Clock,
  client: RedisClient,
  commands: readonly Command[],
  epoch: string,
): Promise<readonly Result[]> {
  const lines = commands.map(({ run, keys, args }) =>
    typeof run === 'string'
      ? [run, ...keys, ...args]
      : ['evalsha', run.sha, String(keys.length), ...keys, epoch, ...args],
  )
  const limitMs = ANSWER_MS + sizeOf(commands) / BYTES_A_MS
  const results = await within(clock, client, limitMs, client.pipeline(lines).exec())
  return results ?? commands.map((): Result => [new Error('the commands were not sent')])
}

/** Says whether an answer is that of a script which found the store emptied. */
export function isLost([error]: Result): boolean {
  return isError(error, LOST)
}

/** Returns how many characters commands carry, about. */
export function sizeOf(commands: readonly Command[]): number {
  let size = 0
  for (const { args } of commands) for (const arg of args) size += arg.length
  return size
}

/** Waits for an answer, for as long as the server takes no more than the limit to send anything. */
async function within<T>(clock: Clock, client: RedisClient, limitMs: number, answer: Promise<T>): Promise<T> {
  let stop = (): void => undefined
  let seen = client.stream?.bytesRead
  const late = new Promise<never>((_resolve, reject) => {
    const look = (): void => {
      const now = client.stream?.bytesRead
      if (now === seen) return reject(new NoAnswer(limitMs))
      seen = now
      stop = startLimit(clock, limitMs, look)
    }
    stop = startLimit(clock, limitMs, look)
  })
  // A connection that is given up rejects when nobody waits any more.
  answer.catch(() => undefined)
  try {
    return await Promise.race([answer, late])
  } finally {
    stop()
  }
}

/**
 * In two parts, since a process that was busy for long sees its timers before the answers that have arrived meanwhile:
 * between the two parts it sees the answers.
 */
function startLimit(clock: Clock, limitMs: number, callback: () => void): () => void {
  let stop = startTimer(clock, Math.max(limitMs - GRACE_MS, 0), () => {
    stop = startTimer(clock, GRACE_MS, callback)
  })
  return () => stop()
}

/** Waits for the answer to one command or connection attempt. Rejects with `NoAnswer`. */
export async function answerWithin<T>(clock: Clock, limitMs: number, answer: Promise<T>): Promise<T> {
  if (!(await isDoneWithin(clock, limitMs, answer))) throw new NoAnswer(limitMs)
  return answer
}
