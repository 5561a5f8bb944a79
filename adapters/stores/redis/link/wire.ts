import { beforeDeadline, isDoneWithin, startLimit } from '../../../../lib/base/timers'
import type { Clock } from '../../../../lib/base/contracts'
import { isError, LOST } from '../errors'
import type { RedisClient, Result } from './library'
import type { Names } from '../names'
import { type Script, SCRIPTS } from '../scripts'

/** How many steps one script may have: other clients wait meanwhile. */
const MAX_STEPS = 100
/** How many records one script reads, and from how many on that is less work than a plain command for each. */
const MAX_READS = 32
const MANY_READS = 8
/** How long a server may take to answer a command, counted from when that is sent, in milliseconds. */
export const ANSWER_MS = 2_000
/** How many bytes may add a millisecond to that: a slow network is not a server that hangs. */
const BYTES_A_MS = 1_000

/** What changes nothing. */
const READS: ReadonlySet<unknown> = new Set([SCRIPTS.read, 'zrangebylex'])

/** One command: a script with its keys and arguments, or a plain command with its arguments. */
export interface Command {
  readonly run: Script | string
  readonly keys: readonly string[]
  readonly args: readonly string[]
  /** The plain command that does what one step of the script does, for few of them. */
  readonly plain?: readonly string[] | undefined
}

/** The error of a step, of the kind that ioredis makes of the error of a command. */
class StepError extends Error {
  override readonly name = 'ReplyError'
}

/** Says that a connection did not answer in time. */
export class NoAnswer extends Error {
  constructor(limitMs: number) {
    super(`no answer within ${Math.round(limitMs)} ms`)
    this.name = 'NoAnswer'
  }
}

/** Creates a command that runs a script. */
export function runScript(names: Names, run: Script, args: readonly string[]): Command {
  return { run, keys: [names.due], args }
}

/** Makes the server know all scripts: they are run without an epoch, with which they do nothing. */
export async function loadScripts(clock: Clock, client: RedisClient, due: string): Promise<void> {
  const texts = Object.values(SCRIPTS).map(({ text }) => ['eval', text, '1', due, ''])
  await within(clock, client, ANSWER_MS, client.pipeline(texts).exec())
}

/**
 * Sends commands in one write, and returns an answer for each. Those that create and append go first, then those that set
 * when a record is due, both in few scripts. Those that read records go last, in few scripts too when there are many.
 * Rejects with `NoAnswer` when the server sends nothing within the limit.
 */
export async function exchange(
  clock: Clock,
  client: RedisClient,
  commands: readonly Command[],
  epoch: string,
  limitMs: number,
): Promise<readonly Result[]> {
  const parts = toParts(commands)
  const lines = parts.map(({ places, isPlain }) => {
    const of = places.flatMap((place) => commands[place] ?? [])
    return (isPlain ? of[0]?.plain : undefined) ?? toLine(of, epoch)
  })
  const answers = (await within(clock, client, limitMs, client.pipeline(lines).exec())) ?? []
  const results = commands.map((): Result => [new Error('the commands were not sent')])
  for (const [index, { places, isPlain }] of parts.entries())
    for (const [step, place] of places.entries()) {
      const answer = answers[index] ?? [new Error('the commands were not sent')]
      results[place] = resultOf(answer, !isPlain && isStep(commands[place]), step)
    }
  return results
}

/** Commands that are sent as one, by their places. */
interface Part {
  readonly places: readonly number[]
  readonly isPlain: boolean
}

function toParts(commands: readonly Command[]): readonly Part[] {
  const places = [...commands.keys()]
  const of = (run: Script): readonly number[] => places.filter((place) => commands[place]?.run === run)
  const reads = of(SCRIPTS.read)
  const isPlain = (place: number): boolean => reads.length < MANY_READS && commands[place]?.plain !== undefined
  const others = places.filter((place) => !isStep(commands[place]))
  const scripted = reads.filter((place) => !isPlain(place))
  const toPart = (group: readonly number[]): Part => ({ places: group, isPlain: false })
  return [
    ...[
      ...inGroups(of(SCRIPTS.write), MAX_STEPS),
      ...inGroups(of(SCRIPTS.touch), MAX_STEPS),
      ...inGroups(others, 1),
      ...inGroups(scripted, MAX_READS),
    ].map(toPart),
    ...reads.filter(isPlain).map((place) => ({ places: [place], isPlain: true })),
  ]
}

function inGroups(places: readonly number[], size: number): readonly (readonly number[])[] {
  return Array.from({ length: Math.ceil(places.length / size) }, (_, n) => places.slice(n * size, (n + 1) * size))
}

/** Commands that are several steps of one script, or one command. */
function toLine(commands: readonly Command[], epoch: string): readonly string[] {
  const { run = '', keys = [] } = commands[0] ?? {}
  const args = commands.flatMap((command) => command.args)
  return typeof run === 'string'
    ? [run, ...keys, ...args]
    : ['evalsha', run.sha, String(keys.length), ...keys, epoch, ...args]
}

/** The scripts that do several steps. */
const IN_STEPS: ReadonlySet<unknown> = new Set([SCRIPTS.write, SCRIPTS.touch, SCRIPTS.read])

/** Whether a command is a step of a script that does several. */
function isStep(command: Command | undefined): boolean {
  return IN_STEPS.has(command?.run)
}

/** The answer to a step; a text is the error that it failed with. */
function resultOf([error, value]: Result, isOneOfMany: boolean, step: number): Result {
  if (error || !isOneOfMany) return [error, value]
  const answer: unknown = Array.isArray(value) ? value[step] : undefined
  return typeof answer === 'number' || Array.isArray(answer) ? [null, answer] : [new StepError(String(answer))]
}

/** Says whether an answer is that of a script which the server does not know, or which found the store emptied. */
export function isUndone([error]: Result): boolean {
  return isError(error, LOST) || isError(error, 'NOSCRIPT')
}

/** Says whether a command changes nothing. */
export function isRead({ run }: Command): boolean {
  return READS.has(run)
}

/** Returns how long a server may take to answer when so many characters are on their way to it, in milliseconds. */
export function limitFor(size: number): number {
  return ANSWER_MS + size / BYTES_A_MS
}

/** Returns how many characters commands carry, about. */
export function sizeOf(commands: readonly Command[]): number {
  let size = 0
  for (const { args } of commands) for (const arg of args) size += arg.length
  return size
}

/** Waits for an answer, for as long as the server takes no more than the limit to send anything. */
function within<T>(clock: Clock, client: RedisClient, limitMs: number, answer: Promise<T>): Promise<T> {
  // A connection that is given up rejects when nobody waits any more.
  answer.catch(() => undefined)
  return beforeDeadline(answer, (_resolve, reject) => {
    let seen = client.stream?.bytesRead
    const look = (): void => {
      const now = client.stream?.bytesRead
      if (now === seen) return reject(new NoAnswer(limitMs))
      seen = now
      stop = startLimit(clock, limitMs, look)
    }
    let stop = startLimit(clock, limitMs, look)
    return () => stop()
  })
}

/** Waits for the answer to one command or connection attempt. Rejects with `NoAnswer`. */
export async function answerWithin<T>(clock: Clock, limitMs: number, answer: Promise<T>): Promise<T> {
  if (!(await isDoneWithin(clock, limitMs, answer))) throw new NoAnswer(limitMs)
  return answer
}
