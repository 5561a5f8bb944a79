import { hash, randomUUID } from 'node:crypto'
import type { StoreEndpoint, WaitedFor } from '../../../base/contracts'
import type { KeyData } from '../key-entries'

/** An id on an endpoint, or the endpoint itself where callbacks have no ids. */
export interface Key {
  readonly id: string
  readonly endpoint: StoreEndpoint
  readonly anonymous: boolean
}

/** Returns the key of an id on an endpoint; without an id that of the endpoint. */
export function keyOf(endpoint: StoreEndpoint, id: string | undefined): Key {
  return { id: `k${digest([endpoint.key, id ?? null])}`, endpoint, anonymous: id === undefined }
}

/** Returns the keys that a wait is registered under: its ids on each endpoint, and with `queued` endpoints without ids. */
export function keysOf({ endpoints, ids, queued }: WaitedFor): readonly Key[] {
  const named = endpoints.flatMap((endpoint) => ids.map((id) => keyOf(endpoint, id)))
  const queues = queued ? endpoints.filter(({ anonymous }) => anonymous) : []
  return [...named, ...queues.map((endpoint) => keyOf(endpoint, undefined))]
}

/** Returns a name that is safe as an id of a record, for any values. */
export function digest(values: readonly unknown[]): string {
  return hash('sha256', JSON.stringify(values), 'base64url')
}

/** Returns what a record of the key is created with. */
export function dataOf({ endpoint, anonymous }: Key): KeyData {
  return { born: randomUUID(), anonymous, remembers: endpoint.startsWorkflow === true }
}

/** Returns the mark which says that the id is settled. */
export function settledMark(key: string): string {
  return `s${key}`
}
