import { CallbackError, hasCode } from '../../../base/errors'
import { isMapping } from '../../../base/values/plain'
import type { RunEntry, RunRecord } from '../../../base/run'
import type { Ledger } from '../../../base/contracts'
import { fromKept, toKept } from '../codec'
import type { Persist } from '../persistence'

export interface RunRecordOptions {
  readonly ledger: Ledger
  /** The name of this process. */
  readonly owner: string
  readonly persist: Persist
  readonly onLeft: () => void
  /** Called when the log has `cancel`; the message of that may have got lost. */
  readonly onCancelled: () => void
  /** Called with `ERR_CLOSED` when another process has the run, or has ended it. */
  readonly onTakenUp: (reason: CallbackError) => void
  readonly end: (state: object) => Promise<void>
  /** Creates the record again, which the ledger has lost; returns false when the run has ended. */
  readonly revive: () => Promise<boolean>
}

/** The record of a run that this process has. */
export interface OwnRecord extends RunRecord {
  /**
   * Reads the log, and writes again the entries that the ledger has lost; returns whether it had lost any. Calls `onTakenUp`
   * when this process does not have the run any more.
   */
  check(): Promise<boolean>
}

/** A process has the run: a new one, or one that it takes up `from` another process. */
export interface OwnerEntry {
  readonly is: 'owner'
  readonly owner: string
  readonly from?: string | undefined
}

/** Returns the process that has a run. Of several that take it up from the same process, the first one has it. */
export function ownerOf(log: readonly unknown[]): string | undefined {
  let owner: string | undefined
  for (const entry of log) if (isOwner(entry) && entry.from === owner) owner = entry.owner
  return owner
}

/** Whether the run is to be cancelled. */
export function isCancelled(log: readonly unknown[]): boolean {
  return log.some((entry) => isMapping(entry) && entry['is'] === 'cancel')
}

/** Creates the record of a run that this process has, with the log as it was read. */
export function createRunRecord(id: string, log: readonly unknown[], options: RunRecordOptions): OwnRecord {
  const { ledger, owner, persist, onLeft } = options
  const known = new Map<string, RunEntry>()
  let length = 0
  learn(log)

  function learn(entries: readonly unknown[]): void {
    addFirst(known, entries.slice(length))
    length = Math.max(length, entries.length)
  }

  async function append(added: RunEntry): Promise<void> {
    const { name } = added
    const now = await ledger.append('run', id, toKeptEntry(added))
    if (now === length + 1) {
      length = now
      if (!known.has(name)) known.set(name, added)
      return
    }
    if (now === 0 && !(await reviveWith(added))) throw takenUp(id)
    const record = await ledger.read('run', id)
    if (record === undefined || ownerOf(record.log) !== owner) throw takenUp(id)
    learn(record.log)
    if (isCancelled(record.log)) options.onCancelled()
  }

  /** Creates the lost record of a run again, with all entries that this process knows. Returns false when the run has ended. */
  async function reviveWith(...added: readonly RunEntry[]): Promise<boolean> {
    if (!(await options.revive())) return false
    length = 0
    await Promise.all([...known.values(), ...added].map((entry) => ledger.append('run', id, toKeptEntry(entry))))
    return true
  }

  function lose(): false {
    options.onTakenUp(takenUp(id))
    return false
  }

  /** The server may have lost entries, or the one by which this process has the run. Another process may have the run now. */
  async function check(): Promise<boolean> {
    // An entry that is appended while the log is read may not be in there yet; it is not lost.
    const before = [...known.values()]
    const record = await ledger.read('run', id)
    if (record === undefined) return (await reviveWith()) || lose()
    const lost = missingIn(record.log, before)
    const isOwned = record.log.some((entry) => isOwner(entry) && entry.owner === owner)
    const from = ownerOf(record.log)
    if (isOwned && from !== owner) return lose()
    if (isOwned && lost.length === 0) {
      if (isCancelled(record.log)) options.onCancelled()
      return false
    }
    if (!isOwned) await ledger.append('run', id, { is: 'owner', owner, from } satisfies OwnerEntry, { group: owner })
    await Promise.all(lost.map((entry) => ledger.append('run', id, toKeptEntry(entry))))
    length = 0
    return true
  }

  return {
    find: (name) => known.get(name),
    check,
    async add(entry, signal) {
      let failure: unknown
      const interest = { isOver: () => signal.aborted }
      await persist(async () => void (failure = await closedErrorOf(append(entry))), interest)
      signal.throwIfAborted()
      if (failure !== undefined) throw failure
      const added = known.get(entry.name)
      if (added === undefined) throw takenUp(id)
      return added
    },
    async end(state) {
      await persist(() => options.end(state))
      onLeft()
    },
    leave: onLeft,
  }
}

function missingIn(log: readonly unknown[], entries: readonly RunEntry[]): readonly RunEntry[] {
  const names = new Set(log.flatMap((entry) => (isEntry(entry) ? entry.name : [])))
  return entries.filter(({ name }) => !names.has(name))
}

/** Returns the error which says that another process has the run; any other error is thrown. */
async function closedErrorOf(work: Promise<void>): Promise<unknown> {
  try {
    await work
    return undefined
  } catch (error) {
    if (hasCode(error, 'ERR_CLOSED')) return error
    throw error
  }
}

/** Of two entries by one name the first counts: then the work was done twice, and the run goes on with one result. */
function addFirst(known: Map<string, RunEntry>, entries: readonly unknown[]): void {
  for (const entry of entries) {
    if (!isEntry(entry) || known.has(entry.name)) continue
    const { name, value, error } = entry
    known.set(name, { name, value: fromKept(value), ...(error !== undefined && { error: fromKept(error) }) })
  }
}

function toKeptEntry({ name, value, error }: RunEntry): object {
  return { name, value: toKept(value), ...(error !== undefined && { error: toKept(error) }) }
}

function takenUp(id: string): CallbackError {
  return new CallbackError('ERR_CLOSED', {
    message: `Another process has taken up the task ${id}, since this one did not answer for a while; hooks.task(id) tells how it is doing`,
  })
}

function isOwner(entry: unknown): entry is OwnerEntry {
  return isMapping(entry) && entry['is'] === 'owner'
}

function isEntry(entry: unknown): entry is RunEntry {
  return isMapping(entry) && typeof entry['name'] === 'string'
}
