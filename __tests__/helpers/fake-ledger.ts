import { CallbackError } from '../../lib/errors'
import type { Clock, Ledger, LedgerHandlers, NewRecord, RecordKind } from '../../lib/types'

interface Stored {
  readonly kind: RecordKind
  readonly id: string
  readonly data: string
  readonly log: string[]
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

  function put(kind: RecordKind, id: string, { data, ttlMs }: NewRecord): void {
    if (!/^(?=.*[a-z])[\w-]{1,64}$/i.test(id)) throw new Error(`No id for a ledger: ${id}`)
    if (records.has(nameOf(kind, id))) return
    const due = clock.now() + ttlMs
    records.set(nameOf(kind, id), { kind, id, data: JSON.stringify(data), log: [], due, dueAt: undefined })
  }

  async function comeDue(name: string, record: Stored, ledger: Ledger, handlers: LedgerHandlers): Promise<void> {
    record.dueAt = ledger
    const more = await handlers.onDue(record.kind, record.id).catch(() => 1000)
    if (record.dueAt !== ledger) return
    record.dueAt = undefined
    if (more === undefined) records.delete(name)
    else record.due = clock.now() + more
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
        async append(kind, id, entry, orCreate) {
          await reach()
          await ledgers.beforeAppend?.(kind, id)
          if (orCreate) put(kind, id, orCreate)
          const length = records.get(nameOf(kind, id))?.log.push(JSON.stringify(entry)) ?? 0
          await ledgers.afterAppend?.(kind, id)
          return length
        },
        async read(kind, id) {
          await reach()
          const record = records.get(nameOf(kind, id))
          return record && { data: JSON.parse(record.data), log: record.log.map((text) => JSON.parse(text)) }
        },
        async touch(kind, id, ttlMs) {
          await reach()
          const record = records.get(nameOf(kind, id))
          if (record === undefined || record.dueAt) return false
          record.due = clock.now() + ttlMs
          return true
        },
        async list(kind) {
          await reach()
          return [...records.values()].filter((record) => record.kind === kind).map(({ id }) => id)
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

function createGate(): { readonly promise: Promise<void>; readonly resolve: () => void } {
  let resolve = (): void => undefined
  const promise = new Promise<void>((done) => {
    resolve = done
  })
  return { promise, resolve }
}
