import { join, resolve } from 'node:path'
import { setImmediate } from 'node:timers'
import { CallbackError, codeOf } from '../../../lib/base/errors'
import type { Clock, Ledger, LedgerHandlers, Logger, NewRecord, RecordKind } from '../../../lib/base/contracts'
import { type CompactionOptions, removeLeftovers, rewrite } from './journal/compaction'
import { createDueTimes, type DueTimes, dueIn } from './due'
import { keepAside, tellOfDamage, tellOfTornLine } from './journal/damage'
import { createJournal, type Journal } from './journal/journal'
import { JournalFile } from './journal/file'
import { type FileSync, makeRoom } from './journal/writer'
import { type Lock, takeLock } from './lock/lock'
import type { Made, Operation } from './operations'
import { createRecords, readRecord, type Records } from './records'
import { replay } from './journal/replay'
import { createReserve, type Reserve } from './reserve'
import { type Files, isFull, makeFolder, NODE_FILES, storeUnavailable } from './system'

export interface FileLedgerOptions {
  /** A folder, which is created when it is missing. */
  readonly path: string
  readonly sync: FileSync
  readonly clock: Clock
  readonly logger: Logger
  /** How files are opened and renamed; default: by Node. */
  readonly files?: Files | undefined
}

/** What an open ledger holds. */
interface Opened {
  readonly records: Records
  readonly journal: Journal
  readonly due: DueTimes
  readonly handlers: LedgerHandlers
  readonly lock: Lock
}

/** A journal is rewritten at the start when it is larger than this, and so many times larger than its records. */
const COMPACT_BYTES = 1024 * 1024
const COMPACT_FACTOR = 2

/**
 * Creates a ledger in one folder, for one process. All records are in memory, and each change is one line of a journal. A
 * change is written before it is applied and answered, so that no answered change is lost by `kill -9`. `open` rejects with
 * `ERR_STORE_UNAVAILABLE` when the folder is in use, or the journal cannot be read.
 */
export function createFileLedger(options: FileLedgerOptions): Ledger {
  const { clock, logger } = options
  const path = resolve(options.path) // messages name the whole path
  const closing = new AbortController()
  let opening: Promise<Opened> | undefined
  let opened: Opened | undefined
  let closed: Promise<void> | undefined

  function get(): Opened {
    if (opened === undefined || closed !== undefined) throw closedError(path)
    return opened
  }

  const submit = async (operation: Operation): Promise<number> => get().journal.submit(operation)

  /** Whether a record exists for which no removal can have been submitted. */
  const isThere = (kind: RecordKind, id: string): boolean => get().records.find(kind, id)?.isDue === false

  async function close(): Promise<void> {
    closing.abort(closedError(path))
    const current = await opening?.catch(() => undefined)
    if (current === undefined) return
    current.due.close()
    await current.journal.close()
    await current.lock.release()
  }

  return {
    async open(handlers) {
      closing.signal.throwIfAborted()
      opening ??= openLedger(options, handlers, closing.signal)
      try {
        opened = await opening
      } catch (error) {
        opening = undefined
        throw storeUnavailable('open', path, error)
      }
      opened.due.update()
    },
    async create(kind, id, record) {
      if (!isThere(kind, id)) await submit({ type: 'create', kind, id, made: toMade(clock, record) })
    },
    async append(kind, id, entry, { orCreate, group } = {}) {
      const made = orCreate === undefined || isThere(kind, id) ? undefined : toMade(clock, orCreate)
      return submit({ type: 'append', kind, id, entry: toText(entry), made, group })
    },
    async claim(kind, id, entry, { orCreate, claim: { mark, ttlMs }, dueMs }) {
      if (isThere('mark', mark)) return undefined
      const made = isThere(kind, id) ? undefined : toMade(clock, orCreate)
      const claim = { entry: toText(entry), made, mark, markDue: dueIn(clock, ttlMs) }
      const position = await submit({ type: 'claim', kind, id, ...claim })
      if (position === 0) return undefined
      if (dueMs !== undefined) await submit({ type: 'touch', kind, id, due: dueIn(clock, dueMs), isKept: false })
      return position
    },
    async read(kind, id) {
      const record = get().records.find(kind, id)
      return record && readRecord(record)
    },
    async touch(kind, id, ttlMs) {
      return (await submit({ type: 'touch', kind, id, due: dueIn(clock, ttlMs), isKept: false })) === 1
    },
    async cut(kind, id, upTo, entry) {
      return (await submit({ type: 'cut', kind, id, upTo, entry: toText(entry) })) === 1
    },
    async list(kind, listed) {
      return get().records.list(kind, listed)
    },
    async publish(message) {
      const { handlers } = get()
      const text = toText(message)
      setImmediate(() => {
        if (closed === undefined) tell(logger, () => handlers.onMessage(JSON.parse(text)))
      })
    },
    close() {
      closed ??= close()
      return closed
    },
  }
}

async function openLedger(options: FileLedgerOptions, handlers: LedgerHandlers, signal: AbortSignal): Promise<Opened> {
  const { clock, logger, files = NODE_FILES } = options
  const folder = await makeFolder(options.path)
  const lost = new AbortController()
  const onLost = (): void => {
    if (lost.signal.aborted) return
    const error = lostError(folder)
    logger.error({ err: error }, 'The store is lost to another process')
    lost.abort(error)
  }
  const reserve = createReserve(folder)
  const lock = await takeLock({ folder, clock, logger, signal, onLost, makeRoom: reserve.share })
  const file = new JournalFile(join(folder, 'journal'), files)
  const records = createRecords()
  const parts = { folder, file, files, records, reserve }
  try {
    await removeLeftovers(folder)
    const isCurrent = await readJournal(file, records, logger)
    lost.signal.throwIfAborted()
    if (!isCurrent || file.isDoubtful) await rewriteOrMakeRoom(parts)
    else if (isWorthCompacting(file, records)) await compactOrLeave(parts)
    await reserve.fill()
  } catch (error) {
    await file.close()
    await lock.release()
    throw error
  }
  const submit = (operation: Operation): Promise<number> => journal.submit(operation)
  const due = createDueTimes({ records, clock, logger, onDue: handlers.onDue, submit })
  const onBack = (): void => tell(logger, () => handlers.onBack())
  const onApplied = (): void => due.update()
  const ownership = { lost: lost.signal, checkLock: lock.check }
  const journal = createJournal({ ...parts, ...ownership, sync: options.sync, clock, logger, onApplied, onBack })
  return { records, journal, due, handlers, lock }
}

/**
 * Reads the journal, if there is one; else its file stays doubtful. Resolves to whether lines may be added to it: not when it
 * is damaged, or an older version has written it.
 */
async function readJournal(file: JournalFile, records: Records, logger: Logger): Promise<boolean> {
  try {
    await file.open()
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return true
    throw storeUnavailable('open', file.path, error)
  }
  const replayed = await replay(file, (operation) => records.apply(operation))
  const { end, next, tornBytes, places, isOutdated } = replayed
  if (places.length > 0) {
    tellOfDamage(logger, file.path, replayed, await keepAside(file.path))
    return false
  }
  if (end === 0) return true
  await file.trust(end, next)
  if (tornBytes > 0) tellOfTornLine(logger, file.path, tornBytes)
  return !isOutdated
}

/** Rewrites the journal; on a full disk, in the room of the reserve. */
async function rewriteOrMakeRoom(parts: CompactionOptions & { readonly reserve: Reserve }): Promise<void> {
  const write = (): Promise<void> => rewrite(parts)
  try {
    await write()
  } catch (error) {
    if (!isFull(error) || !(await makeRoom(parts, write))) throw error
  }
}

/** Compacts the journal. On a full disk it stays as it is, since lines can be added to it all the same. */
async function compactOrLeave(parts: CompactionOptions & { readonly reserve: Reserve }): Promise<void> {
  try {
    await rewriteOrMakeRoom(parts)
  } catch (error) {
    if (!isFull(error)) throw error
  }
}

function isWorthCompacting(file: JournalFile, records: Records): boolean {
  return file.end > COMPACT_BYTES && file.end > records.bytes * COMPACT_FACTOR
}

function toMade(clock: Clock, { data, ttlMs, group }: NewRecord): Made {
  return { due: dueIn(clock, ttlMs), data: toText(data), group }
}

function toText(value: unknown): string {
  return JSON.stringify(value) ?? 'null'
}

/** Calls a handler, and logs what it throws. */
function tell(logger: Logger, handler: () => void): void {
  try {
    handler()
  } catch (error) {
    logger.error({ err: error }, 'A handler of the store failed')
  }
}

function closedError(path: string): CallbackError {
  return new CallbackError('ERR_CLOSED', { message: `The store in ${path} is not open` })
}

function lostError(folder: string): CallbackError {
  const message =
    `The lock of this process in the folder ${folder} is gone: another one has taken over, since this one did not show ` +
    'for 20 seconds that it lives, or somebody has removed it. Start this one again; several processes can share a ' +
    'store of the type redis or postgres'
  return new CallbackError('ERR_STORE_UNAVAILABLE', { message })
}
