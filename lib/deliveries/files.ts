import { appendFile, mkdir, readdir, readFile, stat, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import type { Logger } from '../base/contracts'
import { Course } from './course'
import { hideHeaders, hideQuery, type Hiding } from './record'

export interface FilesOptions extends Hiding {
  /** The folder; it is made where it is missing, for the user of the process alone. */
  readonly path: string
  /** How many bytes the files take up together, about. */
  readonly maxBytes: number
  readonly logger: Logger
}

/** Deliveries in files that roll: `deliveries-00000001.jsonl` and so on, a line for each. */
export interface DeliveryFiles {
  /** Reads what is there, the oldest first; lines that are no deliveries are left out, and counted in the log. Rejects as the disk does. */
  read(): Promise<readonly Course[]>
  /** Writes a delivery soon; never throws. Told once when it cannot be written, and again when it can. */
  write(course: Course): void
  /** Resolves when all has been written that can be. */
  close(): Promise<void>
}

const FILE = /^deliveries-(\d{8})\.jsonl$/
/** The oldest of so many files goes when another one begins. */
const FILES = 4

/** Creates what writes and reads the files of deliveries. */
export function createDeliveryFiles(options: FilesOptions): DeliveryFiles {
  const { path, maxBytes, logger } = options
  const maxFileBytes = Math.ceil(maxBytes / FILES)
  let number = 0
  let size = 0
  let lines: string[] = []
  let reading: Promise<readonly Course[]> | undefined
  let writing: Promise<void> | undefined
  let isBroken = false

  const nameOf = (one: number): string => join(path, `deliveries-${String(one).padStart(8, '0')}.jsonl`)

  async function numbersThere(): Promise<readonly number[]> {
    const names = await readdir(path)
    return names.flatMap((name) => (FILE.test(name) ? [Number(FILE.exec(name)?.[1])] : [])).toSorted((a, b) => a - b)
  }

  async function roll(): Promise<void> {
    number += 1
    size = 0
    const old = (await numbersThere()).filter((one) => one <= number - FILES)
    for (const one of old) await unlink(nameOf(one))
  }

  function read(): Promise<readonly Course[]> {
    reading ??= readAll().catch((error: unknown) => {
      reading = undefined
      throw error
    })
    return reading
  }

  async function writeAll(): Promise<void> {
    while (lines.length > 0) {
      const text = lines.join('')
      lines = []
      try {
        // What a process before has written is read first, and where it ends.
        await read()
        if (size > 0 && size + text.length > maxFileBytes) await roll()
        await appendFile(nameOf(number), text, { mode: 0o600 })
        size += Buffer.byteLength(text)
        if (isBroken) logger.info({ path }, `Deliveries are written to ${path} again`)
        isBroken = false
      } catch (error) {
        if (!isBroken)
          logger.warn({ err: error }, `Deliveries cannot be written to ${path}; callbacks are taken all the same`)
        isBroken = true
      }
    }
    writing = undefined
  }

  async function readAll(): Promise<readonly Course[]> {
    await mkdir(path, { recursive: true, mode: 0o700 })
    const there = await numbersThere()
    number = there.at(-1) ?? 1
    const found: Course[] = []
    let unread = 0
    for (const one of there) {
      for (const line of (await readFile(nameOf(one), 'utf8')).split('\n')) {
        const kept = line === '' ? undefined : readLine(line)
        if (kept) found.push(kept)
        else if (line !== '') unread += 1
      }
    }
    size = there.length === 0 ? 0 : (await stat(nameOf(number))).size
    if (unread > 0)
      logger.warn({ path, unread }, `Lines in ${path} that are no deliveries: ${unread}; they are left out`)
    return found
  }

  return {
    read,
    write(course) {
      lines.push(`${writeLine(course, options)}\n`)
      writing ??= Promise.resolve().then(writeAll)
    },
    async close() {
      await writing
    },
  }
}

/** These find the endpoint and the delivery again, and the body is what was proved. */
const AS_THEY_ARE: ReadonlySet<string> = new Set(['id', 'endpoint', 'replayOf', 'body'])

/** A delivery as it stands in a file: the bytes of its body as they were, everything else without secrets. */
function writeLine(course: Course, { secretHeaders, secretParameters, mask }: Hiding): string {
  const { id, body, rawHeaders, target, ...rest } = course
  const line = {
    id,
    ...rest,
    target: hideQuery(target, secretParameters),
    rawHeaders: hideHeaders(rawHeaders, secretHeaders).flat(),
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
