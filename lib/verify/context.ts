import type { Template } from '../template/compile'
import type { Clock } from '../base/contracts'
import type { ListenerRequest } from '../body/request'
import type { Params } from '../base/route-syntax'

/** What verification takes from the world around it. */
export interface VerifyContext {
  readonly clock: Clock
  readonly env: Readonly<Record<string, string>>
  /** The URL under which the sender called, as it signs it: public URL and original path and query. */
  readonly publicUrlOf: (request: ListenerRequest) => string
  /** Fetches the keys of senders that publish them. */
  readonly fetch: typeof globalThis.fetch
  /** The `item` of the endpoint, for templates that read it; without it, the item is the body. */
  readonly item?: Template | undefined
}

/**
 * Throws `ERR_UNVERIFIED` for a request that does not prove its sender. Asynchronous only for schemes that fetch keys, or read proof from a long body.
 * `raw` is the body as it came; `params` are those of the route.
 */
export type Verify = (request: ListenerRequest, raw: Buffer, params?: Params) => void | Promise<void>
