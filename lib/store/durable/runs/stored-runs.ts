import type { KeptRun } from '../../../base/run'
import type { Claim, Clock, DueAnswer, Ledger, LedgerRecord } from '../../../base/contracts'
import { digitsAsText } from '../../../template/bigints'
import { fromKept, toKept } from '../codec'
import { digest } from '../keys/key'
import type { Message } from '../messages'
import type { OwnerEntry } from './record'

export interface StoredRunsOptions {
  readonly ledger: Ledger
  readonly clock: Clock
  /** The name of this process, in whose group new runs are. */
  readonly owner: string
  /** How long an ended run can be looked up, in milliseconds. */
  readonly keepMs: number
}

/** The runs in a ledger: a record for each one that has not ended, a mark for each one that has. */
export interface StoredRuns {
  /**
   * Appends that this process has the run, to a record that is created if need be; returns the position of that entry. A
   * claim is made in the same step; undefined when it was made before, and nothing is written.
   */
  write(run: KeptRun, claim?: Claim): Promise<number | undefined>
  /** Returns the run in a record. */
  toRun(id: string, record: LedgerRecord): Promise<KeptRun>
  /** Whether a run has ended; then its record goes. */
  hasEnded(id: string): Promise<boolean>
  /** Keeps how a run has ended; the first end counts. */
  end(id: string, state: object): Promise<void>
  /** Returns how a run has ended, or that it runs; undefined when it is unknown. */
  find(id: string): Promise<object | undefined>
  /** Asks the process of a run to cancel it; false when the run has ended, undefined when it is unknown. */
  cancel(id: string): Promise<boolean | undefined>
  /** Looks at the record of a run, which is due. */
  review(id: string): Promise<DueAnswer>
  /** Takes nothing for granted that was kept before, since the ledger may have lost it. */
  doubt(): void
}

interface StoredRun extends Omit<KeptRun, 'definition' | 'id'> {
  readonly definition: string
}

const DAY_MS = 24 * 60 * 60 * 1000
/** When the record of a run is looked at, in case its end did not remove it. */
const LOOK_MS = 400 * DAY_MS

/** Creates the runs of a ledger. */
export function createStoredRuns({ ledger, clock, owner, keepMs }: StoredRunsOptions): StoredRuns {
  const definitions = createDefinitions(ledger, clock)
  return {
    async write({ id, workflow, startedAt, deadline, input, definition, trace }, claim) {
      const name = await definitions.keep(definition)
      const data: StoredRun = { workflow, startedAt, deadline, input: toKept(input), definition: name, trace }
      const orCreate = { data, ttlMs: LOOK_MS, group: owner }
      const entry: OwnerEntry = { is: 'owner', owner }
      return claim ? ledger.claim('run', id, entry, { orCreate, claim }) : ledger.append('run', id, entry, { orCreate })
    },
    async toRun(id, { data }) {
      const { definition, input, ...run } = data as StoredRun
      return { ...run, id, input: fromKept(input), definition: await definitions.find(definition) }
    },
    async hasEnded(id) {
      const isEnded = (await ledger.read('mark', endOf(id))) !== undefined
      if (isEnded) await ledger.touch('run', id, 0)
      return isEnded
    },
    async end(id, state) {
      await ledger.create('mark', endOf(id), { data: toKept(state), ttlMs: keepMs })
      await ledger.touch('run', id, 0)
    },
    async find(id) {
      const ended = await ledger.read('mark', endOf(id))
      if (ended) return fromKept(ended.data) as object
      const record = await ledger.read('run', id)
      if (record === undefined) return undefined
      const { workflow, input, startedAt } = record.data as StoredRun
      return { id, workflow, status: 'running', input: digitsAsText(fromKept(input)), startedAt, jobs: [] }
    },
    async cancel(id) {
      if (await ledger.read('mark', endOf(id))) return false
      if ((await ledger.append('run', id, { is: 'cancel' })) === 0) return undefined
      await ledger.publish({ is: 'cancel', run: id } satisfies Message)
      return true
    },
    review: async (id) => ((await ledger.read('mark', endOf(id))) ? { remove: true } : { keepMs: LOOK_MS }),
    doubt: definitions.doubt,
  }
}

function endOf(run: string): string {
  return `t${digest([run])}`
}

/** The definitions that runs are started with, each of which is kept once. */
interface Definitions {
  /** Keeps a definition, and returns its name. */
  keep(definition: unknown): Promise<string>
  find(name: string): Promise<unknown>
  doubt(): void
}

/** How long a definition is kept after the last run that was started with it, less a day. */
const KEEP_MS = 400 * DAY_MS
/** How many definitions are remembered that were read: of many runs most have the same. */
const MAX_READ = 50

function createDefinitions(ledger: Ledger, clock: Clock): Definitions {
  const keptAt = new Map<string, number>()
  const read = new Map<string, unknown>()
  return {
    async keep(definition) {
      const data = toKept(definition ?? null)
      const name = `f${digest([data])}`
      const now = clock.now()
      if ((keptAt.get(name) ?? 0) + DAY_MS > now) return name
      if (!(await ledger.touch('mark', name, KEEP_MS))) await ledger.create('mark', name, { data, ttlMs: KEEP_MS })
      keptAt.set(name, now)
      return name
    },
    async find(name) {
      if (read.has(name)) return read.get(name)
      const kept = await ledger.read('mark', name)
      if (kept === undefined) return undefined
      if (read.size >= MAX_READ) read.clear()
      const definition = fromKept(kept.data)
      read.set(name, definition)
      return definition
    },
    doubt: () => keptAt.clear(),
  }
}
