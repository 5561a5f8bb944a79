import { createHash } from 'node:crypto'
import { CallbackError } from '../errors'
import type { Template } from '../template/compile'
import { parseContent } from './content'
import { parseForm } from './form'
import { type ListenerRequest, splitUrl, targetOf } from './request-scope'
import type { Params } from './route-table'
import { unverified } from './verify-errors'

/** What the templates of a `verify` read from besides the request. */
export interface Surroundings {
  readonly env: Readonly<Record<string, string>>
  readonly publicUrlOf: (request: ListenerRequest) => string
  /** The `item` of the endpoint; without it, the item is the body. */
  readonly item?: Template | undefined
}

/** A request that is being verified, as the templates of `verify` see it. Body and URL are read when they are asked for. */
export class SignedMessage {
  /** The time of sending as the sender wrote it; empty where the scheme has none. */
  timestamp = ''
  /** The id of the message; empty where the scheme has none. */
  id = ''
  #body: unknown = undefined
  #isParsed = false
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
      if (error instanceof CallbackError && error.code === 'ERR_REQUEST') throw error
      throw unverified('it signs the public URL, which is not known yet', error)
    }
  }

  /** The hash of the body in lower-case hex. */
  get sha256(): string {
    this.#sha256 ??= createHash('sha256').update(this.raw).digest('hex')
    return this.#sha256
  }

  get body(): unknown {
    if (this.#isParsed) return this.#body
    this.#body = parseBody(this.raw, this.request.headers['content-type'])
    this.#isParsed = true
    return this.#body
  }

  get item(): unknown {
    return this.surroundings.item ? this.surroundings.item.render(this) : this.body
  }
}

function parseBody(raw: Buffer, contentType: string | undefined): unknown {
  try {
    const body = parseContent(raw, contentType, { isSigned: true, atOnce: true })
    if (!(body instanceof Promise)) return body
    body.catch(() => {})
  } catch (error) {
    if (!(error instanceof CallbackError)) throw error
    throw unverified('the body, which its proof is read from, cannot be parsed')
  }
  throw unverified('its proof cannot be read from a multipart form or from lines of JSON')
}
