import { createHash } from 'node:crypto'
import { CallbackError, hasCode } from '../../base/errors'
import type { Template } from '../../template/compile'
import { parseContent } from '../../body/content'
import { parseForm } from '../../body/form'
import { type ListenerRequest, splitUrl, targetOf } from '../../body/request'
import type { Params } from '../../base/route-syntax'
import { unverified } from '../errors'

const MULTIPART = /^\s*multipart\//i

/** The sources of the templates of a `verify`, besides the request. */
export interface Surroundings {
  readonly env: Readonly<Record<string, string>>
  readonly publicUrlOf: (request: ListenerRequest) => string
  /** The `item` of the endpoint; without it, the item is the body. */
  readonly item?: Template | undefined
}

/** A request that is being verified, as the templates of `verify` see it; `body` and `item` are set inside `withBody` alone. */
export class SignedMessage {
  /** The time of sending as the sender wrote it; empty where the scheme has none. */
  timestamp = ''
  /** The id of the message; empty where the scheme has none. */
  id = ''
  #body: unknown = undefined
  #sha256: string | undefined = undefined

  constructor(
    readonly request: ListenerRequest,
    readonly raw: Buffer,
    readonly params: Params,
    private readonly surroundings: Surroundings,
  ) {}

  get env(): Readonly<Record<string, string>> {
    return this.surroundings.env
  }

  get header(): Readonly<Record<string, string | string[] | undefined>> {
    return this.request.headers
  }

  get method(): string {
    return this.request.method ?? ''
  }

  /** The path and query under which the sender called, whatever the host app has cut from them. */
  get target(): string {
    return targetOf(this.request)
  }

  get path(): string {
    return splitUrl(this.target).path
  }

  get query(): Readonly<Record<string, unknown>> {
    return parseForm(splitUrl(this.request.url).query)
  }

  /** The public URL under which the sender called. */
  get url(): string {
    try {
      return this.surroundings.publicUrlOf(this.request)
    } catch (error) {
      if (hasCode(error, 'ERR_REQUEST')) throw error
      throw unverified('it signs the public URL, which is not known yet', error)
    }
  }

  /** The hash of the body in lower-case hex. */
  get sha256(): string {
    this.#sha256 ??= createHash('sha256').update(this.raw).digest('hex')
    return this.#sha256
  }

  /** The body as the endpoint reads it; undefined outside of `withBody`. */
  get body(): unknown {
    return this.#body
  }

  /**
   * Parses the body, then calls `check`. A long body is parsed in turns, since nothing is proved yet, and the result is
   * a promise then. Throws or rejects with `ERR_UNVERIFIED` for a body that cannot be parsed.
   */
  withBody(check: () => void | Promise<void>): void | Promise<void> {
    const parsing = this.#parseBody()
    return parsing ? parsing.then(check) : check()
  }

  #parseBody(): Promise<void> | undefined {
    const type = this.request.headers['content-type']
    const body = orUnverified(() => parseContent(this.raw, type, { isSigned: true }))
    if (!(body instanceof Promise)) {
      this.#body = body
      return undefined
    }
    const parsing = body.then((value: unknown) => void (this.#body = value), refuseUnparsed)
    if (!MULTIPART.test(type ?? '')) return parsing
    parsing.catch(() => {})
    throw unverified('its proof cannot be read from a multipart form')
  }

  get item(): unknown {
    return this.surroundings.item ? this.surroundings.item.render(this) : this.body
  }
}

function orUnverified<T>(parse: () => T): T {
  try {
    return parse()
  } catch (error) {
    return refuseUnparsed(error)
  }
}

function refuseUnparsed(error: unknown): never {
  if (!(error instanceof CallbackError)) throw error
  throw unverified('the body, which its proof is read from, cannot be parsed')
}
