import { afterEach, beforeEach } from '@jest/globals'
import type { Ledger, LedgerHandlers, ListOptions, RecordKind } from '../../lib/base/contracts'

/** Where ledgers keep their records: those of one place share them. */
export interface LedgerPlace {
  /** Returns one more ledger on this place; it is not open. */
  createLedger(): Ledger
  /** Lets a little time pass, by the clock that the ledgers go by; what became due may start. */
  tick(): Promise<void>
  /** Takes everything away; all ledgers are closed by then. */
  remove(): Promise<void>
}

/** What the contract needs to know of one implementation. */
export interface LedgerUnderTest {
  createPlace(): Promise<LedgerPlace>
  /** Whether several ledgers may have one place open at once. */
  readonly isShared: boolean
  /** A few ticks; on a real clock long enough for a few operations to be done before. */
  readonly soonMs: number
}

/** A ledger that is open, and what it was told. */
export interface OpenLedger {
  readonly ledger: Ledger
  /** What was due, as `kind/id`. */
  readonly due: readonly string[]
  readonly messages: readonly unknown[]
}

export const HOUR = 60 * 60_000
export const GONE = { remove: true } as const

/** Creates a place for each test, and ledgers on it that are closed afterwards. */
export function usePlace(createPlace: LedgerUnderTest['createPlace']) {
  let place: LedgerPlace
  let isOver = false
  const opened: Ledger[] = []

  beforeEach(async () => {
    place = await createPlace()
    isOver = false
  })
  afterEach(async () => {
    isOver = true
    for (const ledger of opened.splice(0)) await ledger.close()
    await place.remove()
  })

  return {
    createLedger: (): Ledger => place.createLedger(),
    tick: (): Promise<void> => place.tick(),
    async open(onDue: LedgerHandlers['onDue'] = async () => GONE): Promise<OpenLedger> {
      const ledger = place.createLedger()
      const due: string[] = []
      const messages: unknown[] = []
      opened.push(ledger)
      await ledger.open({
        onDue(kind, id) {
          due.push(`${kind}/${id}`)
          return onDue(kind, id)
        },
        onMessage: (message) => void messages.push(message),
        onBack: () => undefined,
      })
      return { ledger, due, messages }
    },
    async until(condition: () => boolean | Promise<boolean>): Promise<void> {
      while (!isOver && !(await condition())) await place.tick() // a test that took too long ends too
    },
    isGone: (ledger: Ledger, kind: RecordKind, id: string) => async (): Promise<boolean> =>
      (await ledger.read(kind, id)) === undefined,
  }
}

/** Returns the ids of all pages. */
export async function listAll(ledger: Ledger, kind: RecordKind, options: ListOptions = {}): Promise<readonly string[]> {
  const all: string[] = []
  for (let after: string | undefined; ;) {
    const page = await ledger.list(kind, { ...options, after })
    all.push(...page.ids)
    if (page.after === undefined) return all
    after = page.after
  }
}
