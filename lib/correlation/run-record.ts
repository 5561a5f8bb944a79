import { CallbackError } from '../errors'
import type { RunEntry, RunRecord } from '../run'
import type { Ledger } from '../types'
import { fromKept, toKept } from './codec'
import type { Persist } from './persistence'

export interface RunRecordOptions {
  readonly ledger: Ledger
  /** Who this process is. */
  readonly owner: string
  readonly persist: Persist
  readonly onLeft: () => void
  /** Called when the log says that somebody wants the run cancelled, who may have told this process in vain. */
  readonly onCancelled: () => void
  readonly end: (state: object) => Promise<void>
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

/** Gives the record of a run that this process has; its log begins as given. */
export function createRunRecord(id: string, log: readonly unknown[], options: RunRecordOptions): RunRecord {
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

  async function append({ name, value, error }: RunEntry): Promise<void> {
    const entry = { name, value: toKept(value), ...(error !== undefined && { error: toKept(error) }) }
    const now = await ledger.append('run', id, entry)
    if (now === length + 1) {
      length = now
      if (!known.has(name)) known.set(name, { name, value, ...(error !== undefined && { error }) })
      return
    }
    const record = await ledger.read('run', id)
    if (record === undefined || ownerOf(record.log) !== owner) throw takenUp(id)
    learn(record.log)
    if (isCancelled(record.log)) options.onCancelled()
  }

  return {
    find: (name) => known.get(name),
    async add(entry, signal) {
      let failure: unknown
      const interest = { isOver: () => signal.aborted }
      await persist(async () => {
        try {
          await append(entry)
        } catch (error) {
          if (isTakenUp(error)) failure = error
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

function takenUp(id: string): CallbackError {
  return new CallbackError('ERR_CLOSED', {
    message: `Another process has taken up the task ${id}, since this one did not answer for a while; hooks.task(id) tells how it is doing`,
  })
}

function isTakenUp(error: unknown): boolean {
  return error instanceof CallbackError && error.code === 'ERR_CLOSED'
}

function isMapping(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null
}

function isOwner(entry: unknown): entry is OwnerEntry {
  return isMapping(entry) && entry['is'] === 'owner'
}

function isEntry(entry: unknown): entry is RunEntry {
  return isMapping(entry) && typeof entry['name'] === 'string'
}
