import { beforeDeadline, isDoneWithin, startLimit } from '../../../../lib/base/timers'
import type { Clock } from '../../../../lib/base/contracts'
import { isError, LOST } from '../errors'
import type { RedisClient, Result } from './library'
import type { Names } from '../names'
import { type Script, SCRIPTS } from '../scripts'

/** How many steps one script may have: other clients wait meanwhile. */
const MAX_STEPS = 100
/** How many records one script reads at most. For fewer than eight, a plain command for each is less work. */
const MAX_READS = 32
const MANY_READS = 8
/** How long a server may take to answer a command, from the moment it is sent, in milliseconds. */
export const ANSWER_MS = 2_000
/** For each so many characters in flight the limit is a millisecond longer: a slow network is not a server that hangs. */
const BYTES_A_MS = 1_000

/** The scripts and commands that change nothing. */
const READS: ReadonlySet<unknown> = new Set([SCRIPTS.read, 'zrangebylex'])

/** One command: a script with its keys and arguments, or a plain command with its arguments. */
export interface Command {
  readonly run: Script | string
  readonly keys: readonly string[]
  readonly args: readonly string[]
  /** The plain command that does the same as the script, when there are few such commands. */
  readonly plain?: readonly string[] | undefined
}

/** The error of a step. It has the name that ioredis gives to the error of a command. */
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

/** Loads all scripts into the server, by running each without an epoch: then it changes nothing. */
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

/** Returns the command line for several steps of one script, or for one command. */
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

/** Returns the answer to a step; where the script answers with a text, the step failed with that error. */
function resultOf([error, value]: Result, isOneOfMany: boolean, step: number): Result {
  if (error || !isOneOfMany) return [error, value]
  const answer: unknown = Array.isArray(value) ? value[step] : undefined
  return typeof answer === 'number' || Array.isArray(answer) ? [null, answer] : [new StepError(String(answer))]
}

/** Says whether a script did nothing: the server does not know it, or it found that the store was emptied. */
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

/** Returns about how many characters commands have. */
export function sizeOf(commands: readonly Command[]): number {
  let size = 0
  for (const { args } of commands) for (const arg of args) size += arg.length
  return size
}

/** Waits for an answer, as long as the server sends at least something within each limit. Rejects with `NoAnswer`. */
function within<T>(clock: Clock, client: RedisClient, limitMs: number, answer: Promise<T>): Promise<T> {
  // When the connection is given up, the answer rejects later, and nobody waits for it then.
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
