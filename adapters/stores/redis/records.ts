import type {
  AppendOptions,
  Claim,
  LedgerRecord,
  ListedIds,
  ListOptions,
  NewRecord,
  RecordKind,
} from '../../../lib/base/contracts'
import { memberOf, type Names } from './names'
import { type Script, SCRIPTS, toTtl } from './scripts'
import type { Sender } from './link/sender'
import { runScript } from './link/wire'

const PAGE = 1_000

/** A new record, as text. */
export interface WrittenRecord {
  readonly text: string
  readonly ttlMs: number
  readonly group: string
}

/** How an entry is appended, as text. */
export interface WrittenAppend {
  readonly orCreate?: WrittenRecord | undefined
  readonly group?: string | undefined
  readonly claim?: Claim | undefined
  readonly dueMs?: number | undefined
}

/** The records of a store. */
export interface Records {
  create(kind: RecordKind, id: string, record: WrittenRecord): Promise<void>
  /** Returns the position of the entry, 0 without a record, or undefined when the claimed mark exists already. */
  append(kind: RecordKind, id: string, row: string, options: WrittenAppend): Promise<number | undefined>
  read(kind: RecordKind, id: string): Promise<LedgerRecord | undefined>
  touch(kind: RecordKind, id: string, ttlMs: number): Promise<boolean>
  cut(kind: RecordKind, id: string, upTo: number, row: string): Promise<boolean>
  list(kind: RecordKind, options: ListOptions): Promise<ListedIds>
}

/** Creates the records of a store, which scripts change. `expect` is called with the milliseconds until a record is due. */
export function createRecords(sender: Sender, names: Names, expect: (ttlMs: number) => void): Records {
  const send = (script: Script, args: readonly string[]): Promise<unknown> =>
    sender.send(runScript(names, script, args))

  return {
    async create(kind, id, { text, ttlMs, group }) {
      await send(SCRIPTS.write, [memberOf(kind, id), '', '', '1', text, toTtl(ttlMs), group, '', '', ''])
      expect(ttlMs)
    },
    async append(kind, id, row, { orCreate, group = '', claim, dueMs }) {
      const made = orCreate ? ['1', orCreate.text, toTtl(orCreate.ttlMs), orCreate.group] : ['', '', '', '']
      const claimed = claim ? [claim.mark, toTtl(claim.ttlMs)] : ['', '']
      const due = dueMs === undefined ? '' : toTtl(dueMs)
      const position = Number(await send(SCRIPTS.write, [memberOf(kind, id), row, group, ...made, ...claimed, due]))
      if (orCreate) expect(orCreate.ttlMs)
      if (claim) expect(claim.ttlMs)
      if (dueMs !== undefined) expect(dueMs)
      return position < 0 ? undefined : position
    },
    async read(kind, id) {
      // The script also looks whether the time of a mark is up.
      const plain = kind === 'mark' ? undefined : ['lrange', names.record(kind, id), '0', '-1']
      const list = await sender.send({ ...runScript(names, SCRIPTS.read, [memberOf(kind, id)]), plain })
      if (!Array.isArray(list) || list.length === 0) return undefined
      const [head, data, ...log]: readonly unknown[] = list
      return { data: fromText(data), log: log.map(fromText), cut: Number.parseInt(String(head), 10) }
    },
    async touch(kind, id, ttlMs) {
      const isDone = (await send(SCRIPTS.touch, [memberOf(kind, id), toTtl(ttlMs)])) === 1
      if (isDone) expect(ttlMs)
      return isDone
    },
    async cut(kind, id, upTo, row) {
      return (await send(SCRIPTS.cut, [memberOf(kind, id), String(upTo), row])) === 1
    },
    async list(kind, { group, after, limit = PAGE }) {
      const begin = group === undefined ? memberOf(kind, '') : ''
      // The semicolon follows the colon in ASCII, so it stands behind every name of the kind.
      const [min, max] = group === undefined ? [`[${begin}`, `(${kind};`] : ['-', '+']
      const range = [after === undefined ? min : `(${begin}${after}`, max, 'LIMIT', '0', String(limit + 1)]
      const keys = [group === undefined ? names.ids : names.group(kind, group)]
      const found = await sender.send({ run: 'zrangebylex', keys, args: range })
      const ids = (Array.isArray(found) ? found : []).map((member) => String(member).slice(begin.length))
      const page = ids.slice(0, limit)
      return { ids: page, after: ids.length > limit ? page.at(-1) : undefined }
    },
  }
}

/** Returns a new record as text. */
export function toWritten({ data, ttlMs, group = '' }: NewRecord): WrittenRecord {
  return { text: toText(data), ttlMs, group }
}

/** Returns as text how an entry is appended. */
export function toWrittenAppend({ orCreate, group }: AppendOptions): WrittenAppend {
  return { orCreate: orCreate && toWritten(orCreate), group }
}

/** Returns a value as JSON; what JSON cannot say is null. */
export function toText(value: unknown): string {
  return JSON.stringify(value ?? null)
}

function fromText(text: unknown): unknown {
  return JSON.parse(String(text))
}
