/**
 * What a ledger keeps records of: `key` for what is known of an id on an endpoint, `mark` for a fact that is true for a
 * while, `run` for a task that has not ended, `owner` for a process that has such tasks.
 */
export type RecordKind = 'key' | 'mark' | 'run' | 'owner'

/** A record: the data it was created with, and its log. Both hold what JSON can say, and are not to be changed. */
export interface LedgerRecord {
  readonly data: unknown
  /** The entries, in the one order that all processes see. */
  readonly log: readonly unknown[]
  /** How many entries stand before `log`, since they were cut; so the position of `log[i]` is `cut + i + 1`. */
  readonly cut: number
}

/** What a record is created with when there is none. */
export interface NewRecord {
  readonly data: unknown
  /** When the record is due: from now on, in milliseconds. */
  readonly ttlMs: number
  /** The group that `list` finds the record by, such as the owner of a run; like an id. */
  readonly group?: string | undefined
}

/** A fact that can be claimed once: a `mark` of that id, which is created in the same step. */
export interface Claim {
  readonly mark: string
  readonly ttlMs: number
}

export interface AppendOptions {
  /** How to make the record when there is none. */
  readonly orCreate?: NewRecord | undefined
  /** The group that the record is in from now on. */
  readonly group?: string | undefined
}

export interface ClaimOptions {
  readonly orCreate: NewRecord
  readonly claim: Claim
  /** When the record is due from now on, in milliseconds, as `touch` sets it; default: no change. */
  readonly dueMs?: number | undefined
}

export interface ListOptions {
  /** Only the records of this group. */
  readonly group?: string | undefined
  /** The cursor of the page before. */
  readonly after?: string | undefined
  /** How many ids a page has at most; default: 1000. */
  readonly limit?: number | undefined
}

/** A page of ids. */
export interface ListedIds {
  readonly ids: readonly string[]
  /** The cursor of the next page; undefined when this page was the last. */
  readonly after: string | undefined
}

/**
 * What durable stores keep their facts in: records, each with a log that only grows. A log is what makes several
 * processes agree: all of them see its entries in one order, so the writer of an entry reads from the entries before it
 * what it has brought about. Each method is one atomic step: it is durable when its promise resolves, and has not
 * happened for other processes before. Rejects with `ERR_STORE_UNAVAILABLE` while the ledger cannot be reached or
 * written; the step may have happened all the same. Ids are at most 64 of `A-Z a-z 0-9 _ -`, and at least one is a
 * letter.
 */
export interface Ledger {
  /** Opens it; from now on it calls the handlers. */
  open(handlers: LedgerHandlers): Promise<void>
  /** Creates a record; does nothing when there is one of that id. */
  create(kind: RecordKind, id: string, record: NewRecord): Promise<void>
  /**
   * Appends to the log of a record and returns the position of the entry: the length of the log then, cut entries
   * included. Returns 0 when there is no such record and `orCreate` is missing. Entries that one process appends to one
   * record keep their order, claimed ones among them.
   */
  append(kind: RecordKind, id: string, entry: unknown, options?: AppendOptions): Promise<number>
  /**
   * Claims a mark and appends, in one step. Returns undefined when the mark is there already; then nothing is appended
   * nor created.
   */
  claim(kind: RecordKind, id: string, entry: unknown, options: ClaimOptions): Promise<number | undefined>
  read(kind: RecordKind, id: string): Promise<LedgerRecord | undefined>
  /** Sets when a record is due. Returns whether that could be done: not without a record, nor while it is just due. */
  touch(kind: RecordKind, id: string, ttlMs: number): Promise<boolean>
  /**
   * Replaces the entries up to the position `upTo` by one entry, which then has that position. Returns false, and does
   * nothing, when the record is gone or has no such position (any more, or yet).
   */
  cut(kind: RecordKind, id: string, upTo: number, entry: unknown): Promise<boolean>
  /** Lists ids of a kind, page by page, in an order of the ledger's own. Records that exist all the time are found. */
  list(kind: RecordKind, options?: ListOptions): Promise<ListedIds>
  /** Tells every process that has the ledger open, this one too; a message may get lost. It holds what JSON can say. */
  publish(message: unknown): Promise<void>
  /** Closes its connections and files; records stay. May be called again. */
  close(): Promise<void>
}

/**
 * What becomes of a record that was due: it is kept for so many milliseconds more, or removed with its log. With `seen`
 * it is removed only when its log still ends at that position; otherwise it is due again at once.
 */
export type DueAnswer = { readonly keepMs: number } | { readonly remove: true; readonly seen?: number | undefined }

export interface LedgerHandlers {
  /**
   * Called when a record is due, in one of the processes. Called again when it rejects or its process dies. A `mark`
   * just goes, and no handler is called.
   */
  onDue(kind: RecordKind, id: string): Promise<DueAnswer>
  onMessage(message: unknown): void
  /**
   * Called when the ledger can be reached again after it could not, or after it noticed that the server may have lost
   * records (restart, flush, failover). Messages may have got lost then, too.
   */
  onBack(): void
}
