import { appendFile, mkdir, readdir, readFile, stat, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import type { Clock, Logger } from '../base/contracts'
import { isDoneWithin } from '../base/timers'
import { Course } from './course'
import { createProofMask, hideHeaders, hideParams, hideQuery, type Hiding } from './hiding'

export interface FilesOptions extends Hiding {
  /** The folder; it is made where it is missing, for the user of the process alone. */
  readonly path: string
  /** How many bytes the files take up together, about. */
  readonly maxBytes: number
  readonly logger: Logger
  readonly clock: Clock
  /** Appends a text to a file; default: that of the disk. */
  readonly append?: (file: string, text: string) => Promise<void>
}

/** Deliveries in files that roll: `deliveries-00000001.jsonl` and so on, a line for each. */
export interface DeliveryFiles {
  /** Reads what is there, the oldest first; lines that are no deliveries are left out, and counted in the log. Rejects as the disk does. */
  read(): Promise<readonly Course[]>
  /**
   * Writes a delivery soon; never throws. While the disk does not answer, at most 4 MB wait, and the oldest are left out. Told
   * once when deliveries cannot be written, and again when they can.
   */
  write(course: Course): void
  /** Resolves when all has been written that can be, or after five seconds, with a warning that counts the rest. */
  close(): Promise<void>
}

const FILE = /^deliveries-(\d{8})\.jsonl$/
/** The oldest of so many files goes when another one begins. */
const FILES = 4

/** How many characters may wait for a disk that does not answer. */
const MAX_WAITING = 4 * 1024 ** 2
/** How long `close` waits for the disk. */
const CLOSE_MS = 5000

const appendToDisk = (file: string, text: string): Promise<void> => appendFile(file, text, { mode: 0o600 })

/** Creates what writes and reads the files of deliveries. */
export function createDeliveryFiles(options: FilesOptions): DeliveryFiles {
  const { path, maxBytes, logger, clock, append = appendToDisk } = options
  const maxFileBytes = Math.ceil(maxBytes / FILES)
  let number = 0
  let size = 0
  const waiting = createWaitingLines(Math.min(MAX_WAITING, maxBytes))
  let reading: Promise<readonly Course[]> | undefined
  let writing: Promise<void> | undefined
  let isBroken = false
  /** How many deliveries were left out since the last one that was written. */
  let lost = 0
  let inFlight = 0

  const nameOf = (one: number): string => join(path, `deliveries-${String(one).padStart(8, '0')}.jsonl`)

  async function roll(): Promise<void> {
    number += 1
    size = 0
    const old = (await listNumbers(path)).filter((one) => one <= number - FILES)
    for (const one of old) await unlink(nameOf(one))
  }

  function read(): Promise<readonly Course[]> {
    reading ??= readAll().catch((error: unknown) => {
      reading = undefined
      throw error
    })
    return reading
  }

  function warn(why: string, error?: unknown): void {
    if (!isBroken) logger.warn({ path, ...(error === undefined ? {} : { err: error }) }, why)
    isBroken = true
  }

  async function writeAll(): Promise<void> {
    while (waiting.count() > 0) {
      inFlight = waiting.count()
      const text = waiting.takeAll()
      try {
        // What a process before has written is read first, and where it ends.
        await read()
        if (size > 0 && size + text.length > maxFileBytes) await roll()
        await append(nameOf(number), text)
        size += Buffer.byteLength(text)
        if (isBroken)
          logger.info({ path, lost }, `Deliveries are written to ${path} again; left out meanwhile: ${lost}`)
        isBroken = false
        lost = 0
      } catch (error) {
        lost += inFlight
        warn(`Deliveries cannot be written to ${path}; callbacks are taken all the same`, error)
      }
    }
    inFlight = 0
    writing = undefined
  }

  async function readAll(): Promise<readonly Course[]> {
    await mkdir(path, { recursive: true, mode: 0o700 })
    const there = await listNumbers(path)
    number = there.at(-1) ?? 1
    const { found, unread } = await readFiles(there.map(nameOf))
    size = there.length === 0 ? 0 : (await stat(nameOf(number))).size
    if (unread > 0)
      logger.warn({ path, unread }, `Lines in ${path} that are no deliveries: ${unread}; they are left out`)
    return found
  }

  return {
    read,
    write(course) {
      const dropped = waiting.add(`${writeLine(course, options)}\n`)
      lost += dropped
      if (dropped > 0) warn(`The disk does not take deliveries to ${path} in time; the oldest that wait are left out`)
      writing ??= Promise.resolve().then(writeAll)
    },
    async close() {
      if (writing === undefined || (await isDoneWithin(clock, CLOSE_MS, writing))) return
      const count = lost + inFlight + waiting.count()
      const message = `The disk took no more deliveries to ${path} within ${CLOSE_MS} ms; left out: ${count}`
      logger.warn({ path, lost: count }, message)
    },
  }
}

/** Lines that wait to be written, no more than so many characters: the oldest go first. */
function createWaitingLines(max: number) {
  let lines: string[] = []
  let size = 0
  return {
    count: () => lines.length,
    /** Returns how many are left out for this one. A line that alone is over the limit waits alone. */
    add(line: string): number {
      lines.push(line)
      size += line.length
      let dropped = 0
      for (; size > max && dropped < lines.length - 1; dropped += 1) size -= lines[dropped]?.length ?? 0
      if (dropped > 0) lines = lines.slice(dropped)
      return dropped
    },
    takeAll(): string {
      const text = lines.join('')
      lines = []
      size = 0
      return text
    },
  }
}

/** These find the endpoint and the delivery again, and the body is what was proved. */
const AS_THEY_ARE: ReadonlySet<string> = new Set(['id', 'endpoint', 'replayOf', 'body'])

/** A delivery as it stands in a file: the bytes of its body as they were, everything else without secrets. */
function writeLine(course: Course, hiding: Hiding): string {
  const { id, body, rawHeaders, target, params, ...rest } = course
  const mask = createProofMask(course, hiding)
  const line = {
    id,
    ...rest,
    params: hideParams(params, hiding),
    target: hideQuery(target, hiding.secretParameters),
    rawHeaders: hideHeaders(rawHeaders, hiding.secretHeaders).flat(),
    ...(body && { body: body.toString('base64') }),
  }
  return JSON.stringify(line, (key, value: unknown) =>
    typeof value === 'string' && !AS_THEY_ARE.has(key) ? mask(value) : value,
  )
}

function readLine(line: string): Course | undefined {
  try {
    const { id, endpoint, receivedAt, method, target, rawHeaders, replayOf, body, ...rest } = JSON.parse(line)
    if (typeof id !== 'string' || typeof receivedAt !== 'number' || typeof target !== 'string') return undefined
    if (typeof method !== 'string' || !Array.isArray(rawHeaders)) return undefined
    const course = new Course(endpoint, receivedAt, method, target, rawHeaders, replayOf)
    const fields = Object.entries(rest).filter(([name]) => Object.hasOwn(course, name))
    return Object.assign(course, Object.fromEntries(fields), { id }, body && { body: Buffer.from(body, 'base64') })
  } catch {
    return undefined
  }
}

/** Lists the numbers of the files in a folder, the oldest first. */
async function listNumbers(path: string): Promise<readonly number[]> {
  const names = await readdir(path)
  return names.flatMap((name) => (FILE.test(name) ? [Number(FILE.exec(name)?.[1])] : [])).toSorted((a, b) => a - b)
}

/** Reads all lines of files; `unread` counts those that are no deliveries. */
async function readFiles(
  files: readonly string[],
): Promise<{ readonly found: readonly Course[]; readonly unread: number }> {
  const found: Course[] = []
  let unread = 0
  for (const file of files) {
    for (const line of (await readFile(file, 'utf8')).split('\n')) {
      const kept = line === '' ? undefined : readLine(line)
      if (kept) found.push(kept)
      else if (line !== '') unread += 1
    }
  }
  return { found, unread }
}
