import { IncomingMessage } from 'node:http'
import { Socket } from 'node:net'
import { compileConfig } from '../../lib/config/normalize'
import type { ListenerRequest } from '../../lib/body/request'
import type { Verify, VerifyContext } from '../../lib/verify/contract'
import { compileVerify, type EndpointVerify } from '../../lib/verify/verify'
import { createFakeClock, type FakeClock } from '../helpers/fake-clock'

type Lines = Readonly<Record<string, string | readonly string[]>>

/** What a sender sends. A header that holds a list comes once for each of its values. */
export interface Sent {
  readonly headers?: Lines
  readonly raw?: string | Buffer
  readonly url?: string
  readonly method?: string
}

/** A sender that is verified, by a clock that stands still. */
export interface Verified {
  readonly clock: FakeClock
  /** Undefined when the request is accepted, else why not; throws anything that is not `ERR_UNVERIFIED`. */
  refusal(sent: Sent): string | undefined
  verify(sent: Sent): ReturnType<Verify>
}

export interface VerifySettings extends Partial<VerifyContext> {
  readonly now?: number
  readonly publicUrl?: string
}

/** The seconds at which the senders of the tests live. */
export const NOW_S = 1_700_000_000

/** What a config says under `verify`, as it is compiled from. */
export function specOf(verify: unknown): EndpointVerify {
  const { listeners } = compileConfig({ listener: { path: '/done', verify } } as Parameters<typeof compileConfig>[0])
  const spec = listeners[0]?.endpoints[0]?.verify
  if (spec === undefined) throw new Error('there is nothing to verify')
  return spec
}

/** Compiles a `verify` as a config holds it. */
export function useVerify(verify: unknown, settings: VerifySettings = {}): Verified {
  const clock = createFakeClock((settings.now ?? NOW_S) * 1000)
  const run = compileVerify(specOf(verify), {
    clock,
    env: {},
    publicUrlOf: ({ url }) => settings.publicUrl ?? `https://example.com${url}`,
    fetch: () => Promise.reject(new Error('nothing may be fetched here')),
    ...settings,
  })
  const send = (sent: Sent): ReturnType<Verify> => run(toRequest(sent), Buffer.from(sent.raw ?? ''), { id: 'p' })
  return {
    clock,
    verify: send,
    refusal(sent) {
      try {
        if (send(sent) !== undefined) throw new Error('this scheme is asynchronous')
        return undefined
      } catch (error) {
        return reasonOf(error)
      }
    },
  }
}

/** Why a sender was refused; throws anything that is not `ERR_UNVERIFIED`. */
export function reasonOf(error: unknown): string {
  if (error instanceof Error && 'code' in error && error.code === 'ERR_UNVERIFIED') return error.message
  throw error
}

function toRequest({ headers = {}, url = '/done', method = 'POST' }: Sent): ListenerRequest {
  const lines = Object.entries(headers).flatMap(([name, value]) =>
    (typeof value === 'string' ? [value] : value).map((one) => [name, one] as const),
  )
  const joined: Record<string, string> = {}
  for (const [name, value] of lines) {
    const known = joined[name.toLowerCase()]
    joined[name.toLowerCase()] = known === undefined ? value : `${known}, ${value}`
  }
  return Object.assign(new IncomingMessage(new Socket()), { url, method, headers: joined, rawHeaders: lines.flat() })
}
