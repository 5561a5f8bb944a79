import { CallbackError } from '../../lib/base/errors'
import type { Clock, DueAnswer, Ledger, LedgerHandlers, NewRecord, RecordKind } from '../../lib/base/contracts'

interface Stored {
  readonly kind: RecordKind
  readonly id: string
  readonly data: string
  log: string[]
  cut: number
  group: string | undefined
  due: number
  /** Who deals with it, while it is just due. */
  dueAt: Ledger | undefined
}

/** A ledger in memory that several processes may have open, by the clock of a test. */
export interface FakeLedgers {
  /** What one process opens. */
  create(): Ledger
  /** Lets due records come due, as the clock says; everything that this brings about without more time has happened then. */
  settle(): Promise<void>
  /** Nobody can reach it, or everybody can again. */
  setAway(isAway: boolean): void
  /** The process is gone, without a word. */
  kill(ledger: Ledger): void
  /** How many records of a kind there are. */
  count(kind: RecordKind): number
  /** Lets the next appends of others in first; for races. */
  beforeAppend: ((kind: RecordKind, id: string) => Promise<void>) | undefined
  /** Called when an append has been done, before whoever appended is told. */
  afterAppend: ((kind: RecordKind, id: string) => Promise<void>) | undefined
  /** Lets a process handle a record as if it were due there too. */
  handle(ledger: Ledger, kind: RecordKind, id: string): Promise<void>
  /** Lets nothing of a process go on for a while. */
  freeze(ledger: Ledger, isFrozen: boolean): void
  /** Forgets every record, or but those of some kinds, as a server does that is flushed; nobody is told. */
  flush(kept?: readonly RecordKind[]): void
  /** Forgets what has been written since, as a server does that fails over to one which lags behind; nobody is told. */
  snapshot(): { restore(): void }
  /** Tells all processes that records may be lost. */
  tellLoss(): void
  /** The length of the longest log of a kind. */
  longest(kind: RecordKind): number
  /** Drops messages. */
  losesMessages: boolean
  /** How many operations there were. */
  operations: number
}

export function createFakeLedgers(clock: Clock): FakeLedgers {
  const records = new Map<string, Stored>()
  const opened = new Map<Ledger, LedgerHandlers>()
  const dead = new Set<Ledger>()
  const frozen = new Map<Ledger, { readonly promise: Promise<void>; readonly resolve: () => void }>()
  let away = false
  const nameOf = (kind: RecordKind, id: string): string => `${kind} ${id}`

  function put(kind: RecordKind, id: string, { data, ttlMs, group }: NewRecord): void {
    for (const name of [id, group ?? id])
      if (!/^(?=.*[a-z])[\w-]{1,64}$/i.test(name)) throw new Error(`No id for a ledger: ${name}`)
    if (records.has(nameOf(kind, id))) return
    const due = clock.now() + ttlMs
    records.set(nameOf(kind, id), { kind, id, data: toText(data), log: [], cut: 0, group, due, dueAt: undefined })
  }

  function push(kind: RecordKind, id: string, entry: unknown, group?: string): number {
    const record = records.get(nameOf(kind, id))
    if (record === undefined) return 0
    if (group !== undefined) record.group = group
    return record.log.push(toText(entry)) + record.cut
  }

  function postpone(kind: RecordKind, id: string, ttlMs: number): boolean {
    const record = records.get(nameOf(kind, id))
    if (record === undefined || record.dueAt) return false
    record.due = clock.now() + ttlMs
    return true
  }

  async function comeDue(name: string, record: Stored, ledger: Ledger, handlers: LedgerHandlers): Promise<void> {
    record.dueAt = ledger
    const answer = await handlers.onDue(record.kind, record.id).catch((): DueAnswer => ({ keepMs: 1000 }))
    if (record.dueAt !== ledger || records.get(name) !== record) return
    record.dueAt = undefined
    if ('keepMs' in answer) record.due = clock.now() + answer.keepMs
    else if (answer.seen === undefined || answer.seen === record.cut + record.log.length) records.delete(name)
  }

  const ledgers: FakeLedgers = {
    beforeAppend: undefined,
    afterAppend: undefined,
    losesMessages: false,
    operations: 0,
    create() {
      async function reach(): Promise<void> {
        ledgers.operations += 1
        await Promise.resolve()
        if (dead.has(ledger)) await new Promise(() => undefined)
        await frozen.get(ledger)?.promise
        if (away) throw new CallbackError('ERR_STORE_UNAVAILABLE', { message: 'The ledger is away' })
        if (!opened.has(ledger)) throw new CallbackError('ERR_CLOSED', { message: 'The ledger is not open' })
      }
      const ledger: Ledger = {
        async open(handlers) {
          opened.set(ledger, handlers)
          try {
            await reach()
          } catch (error) {
            opened.delete(ledger)
            throw error
          }
        },
        async create(kind, id, record) {
          await reach()
          put(kind, id, record)
        },
        async append(kind, id, entry, { orCreate, group } = {}) {
          await reach()
          await ledgers.beforeAppend?.(kind, id)
          if (orCreate) put(kind, id, orCreate)
          const position = push(kind, id, entry, group)
          await ledgers.afterAppend?.(kind, id)
          return position
        },
        async claim(kind, id, entry, { orCreate, claim: { mark, ttlMs }, dueMs }) {
          await reach()
          await ledgers.beforeAppend?.(kind, id)
          if (records.has(nameOf('mark', mark))) return undefined
          put('mark', mark, { data: null, ttlMs })
          put(kind, id, orCreate)
          const position = push(kind, id, entry)
          if (dueMs !== undefined) postpone(kind, id, dueMs)
          await ledgers.afterAppend?.(kind, id)
          return position
        },
        async read(kind, id) {
          await reach()
          const record = records.get(nameOf(kind, id))
          if (record === undefined) return undefined
          const log = record.log.map((text): unknown => JSON.parse(text))
          return { data: JSON.parse(record.data), log, cut: record.cut }
        },
        async touch(kind, id, ttlMs) {
          await reach()
          return postpone(kind, id, ttlMs)
        },
        async cut(kind, id, upTo, entry) {
          await reach()
          const record = records.get(nameOf(kind, id))
          if (record === undefined || upTo <= record.cut || upTo > record.cut + record.log.length) return false
          record.log = [toText(entry), ...record.log.slice(upTo - record.cut)]
          record.cut = upTo - 1
          return true
        },
        async list(kind, { group, after = '', limit = 1000 } = {}) {
          await reach()
          const all = [...records.values()].filter((one) => one.kind === kind && (group ?? one.group) === one.group)
          const left = all.map(({ id }) => id).filter((id) => id > after)
          const ids = left.toSorted((one, other) => (one < other ? -1 : 1)).slice(0, limit)
          return { ids, after: ids.length < left.length ? ids.at(-1) : undefined }
        },
        async publish(message) {
          await reach()
          const text = JSON.stringify(message)
          if (!ledgers.losesMessages) for (const { onMessage } of opened.values()) onMessage(JSON.parse(text))
        },
        async close() {
          opened.delete(ledger)
          for (const record of records.values()) if (record.dueAt === ledger) record.dueAt = undefined
        },
      }
      return ledger
    },
    async settle() {
      for (let round = 0; round < 50; round += 1) {
        for (const [name, record] of records) {
          const first = [...opened].find(([ledger]) => !frozen.has(ledger))
          if (away || record.due > clock.now() || record.dueAt || first === undefined) continue
          if (record.kind === 'mark') records.delete(name)
          else void comeDue(name, record, ...first)
        }
        await new Promise((resolve) => setImmediate(resolve))
      }
    },
    setAway(isAway) {
      away = isAway
      if (!isAway) for (const { onBack } of opened.values()) onBack()
    },
    flush(kept = []) {
      for (const [name, { kind }] of records) if (!kept.includes(kind)) records.delete(name)
    },
    snapshot() {
      const copy = [...records].map(([name, record]): [string, Stored] => [name, { ...record, log: [...record.log] }])
      return {
        restore() {
          records.clear()
          for (const [name, record] of copy) records.set(name, record)
        },
      }
    },
    tellLoss() {
      for (const { onBack } of opened.values()) onBack()
    },
    longest: (kind) =>
      Math.max(0, ...[...records.values()].filter((record) => record.kind === kind).map(({ log }) => log.length)),
    async handle(ledger, kind, id) {
      await opened.get(ledger)?.onDue(kind, id)
    },
    freeze(ledger, isFrozen) {
      frozen.get(ledger)?.resolve()
      frozen.delete(ledger)
      if (isFrozen) frozen.set(ledger, createGate())
    },
    kill(ledger) {
      dead.add(ledger)
      opened.delete(ledger)
      for (const record of records.values()) if (record.dueAt === ledger) record.dueAt = undefined
    },
    count: (kind) => [...records.values()].filter((record) => record.kind === kind).length,
  }
  return ledgers
}

function toText(value: unknown): string {
  return JSON.stringify(value) ?? 'null'
}

function createGate(): { readonly promise: Promise<void>; readonly resolve: () => void } {
  let resolve = (): void => undefined
  const promise = new Promise<void>((done) => {
    resolve = done
  })
  return { promise, resolve }
}
