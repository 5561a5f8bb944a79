import type { RecordKind } from '../../../lib/base/contracts'

/** The names of a store's keys. All have one hash tag, so that one node of a Redis Cluster has all of them. */
export interface Names {
  /** The key that every script is given. */
  readonly due: string
  readonly ids: string
  /** The channel of messages; channels are the same in all databases of a server. */
  channel(database: unknown): string
  record(kind: RecordKind, id: string): string
  group(kind: RecordKind, group: string): string
}

/** The queues of 0.4, which kept a store in the jobs of BullMQ; each has a key `<prefix>:<queue>:meta`. */
const OLD_QUEUES = ['key', 'mark', 'run', 'owner', 'messages']

export function createNames(prefix: string): Names {
  // A brace would end the hash tag, or make it empty.
  const base = `{${prefix.replace(/[{}%]/g, encodeURIComponent)}}:`
  return {
    due: `${base}due`,
    ids: `${base}ids`,
    channel: (database) => `${base}messages:${String(database ?? 0)}`,
    record: (kind, id) => `${base}${memberOf(kind, id)}`,
    group: (kind, group) => `${base}of:${kind}:${group}`,
  }
}

/** Returns the keys that a store of 0.4 has. */
export function oldKeys(prefix: string): readonly string[] {
  return OLD_QUEUES.map((queue) => `${prefix}:${queue}:meta`)
}

/** Returns the name of a record in the scripts. */
export function memberOf(kind: RecordKind, id: string): string {
  return `${kind}:${id}`
}

const KINDS: readonly RecordKind[] = ['key', 'mark', 'run', 'owner']

/** Reads the name of a record in the scripts; undefined for any other text. */
export function parseMember(member: unknown): { readonly kind: RecordKind; readonly id: string } | undefined {
  const [name = '', ...rest] = String(member).split(':')
  const kind = KINDS.find((known) => known === name)
  return kind === undefined ? undefined : { kind, id: rest.join(':') }
}
