import { CallbackError, hasCode } from '../../../base/errors'
import type { RunEntry, RunRecord } from '../../../base/run'
import type { Ledger } from '../../../base/contracts'
import { isMapping } from '../../../base/plain'
import { fromKept, toKept } from '../codec'
import type { Persist } from '../persistence'

export interface RunRecordOptions {
  readonly ledger: Ledger
  /** The name of this process. */
  readonly owner: string
  readonly persist: Persist
  readonly onLeft: () => void
  /** Called when the log says that somebody wants the run cancelled, who may have told this process in vain. */
  readonly onCancelled: () => void
  readonly end: (state: object) => Promise<void>
  /** Creates the record again, which the ledger has lost; returns false when the run has ended. */
  readonly revive: () => Promise<boolean>
}

/** The record of a run that this process has. */
export interface OwnRecord extends RunRecord {
  /** Looks at the log, and writes again what the ledger has lost of it; returns whether something was. */
  check(): Promise<boolean>
}

/** Says that a process has a run: a new one, or that of another process. */
export interface OwnerEntry {
  readonly is: 'owner'
  readonly owner: string
  readonly from?: string | undefined
}

/** Who has a run, by its log: of those who want it from the same process, the first. */
export function ownerOf(log: readonly unknown[]): string | undefined {
  let owner: string | undefined
  for (const entry of log) if (isOwner(entry) && entry.from === owner) owner = entry.owner
  return owner
}

/** Whether somebody has asked to cancel the run. */
export function isCancelled(log: readonly unknown[]): boolean {
  return log.some((entry) => isMapping(entry) && entry['is'] === 'cancel')
}

/** Creates the record of a run that this process has; its log begins as given. */
export function createRunRecord(id: string, log: readonly unknown[], options: RunRecordOptions): OwnRecord {
  const { ledger, owner, persist, onLeft } = options
  const known = new Map<string, RunEntry>()
  let length = 0
  learn(log)

  /** Of two entries by one name the first counts: the work was done twice, and both go on with one result. */
  function learn(entries: readonly unknown[]): void {
    for (const entry of entries.slice(length)) {
      if (!isEntry(entry) || known.has(entry.name)) continue
      const { name, value, error } = entry
      known.set(name, { name, value: fromKept(value), ...(error !== undefined && { error: fromKept(error) }) })
    }
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
    if (now === 0) await reviveWith(added)
    const record = await ledger.read('run', id)
    if (record === undefined || ownerOf(record.log) !== owner) throw takenUp(id)
    learn(record.log)
    if (isCancelled(record.log)) options.onCancelled()
  }

  /** A record that is gone, though its run has not ended, was lost; this process knows what stood in it. */
  async function reviveWith(...added: readonly RunEntry[]): Promise<void> {
    if (!(await options.revive())) throw takenUp(id)
    length = 0
    await Promise.all([...known.values(), ...added].map((entry) => ledger.append('run', id, toKeptEntry(entry))))
  }

  /** A server that has lost its latest facts may have lost some of the entries, or that this process has the run. */
  async function check(): Promise<boolean> {
    // What is appended while the log is read may not be in there yet: it is not lost.
    const before = [...known.values()]
    const record = await ledger.read('run', id)
    if (record === undefined) {
      await reviveWith()
      return true
    }
    const names = new Set(record.log.flatMap((entry) => (isEntry(entry) ? entry.name : [])))
    const lost = before.filter(({ name }) => !names.has(name))
    const isOwned = record.log.some((entry) => isOwner(entry) && entry.owner === owner)
    if (isOwned && lost.length === 0) {
      if (isCancelled(record.log)) options.onCancelled()
      return false
    }
    const from = ownerOf(record.log)
    if (!isOwned) await ledger.append('run', id, { is: 'owner', owner, from } satisfies OwnerEntry, { group: owner })
    if (ownerOf(record.log) === owner || !isOwned)
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
      await persist(async () => {
        try {
          await append(entry)
        } catch (error) {
          if (hasCode(error, 'ERR_CLOSED')) failure = error
          else throw error
        }
      }, interest)
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
