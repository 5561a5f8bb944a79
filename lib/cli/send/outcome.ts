import { randomUUID } from 'node:crypto'
import { parseMapping } from '../../base/values/json-mapping'
import { isMapping } from '../../base/values/plain'
import { isLoopback } from '../../config/sections/controller'
import type { Config } from '../../config/normalize'
import { authorizationOf, controllerUrlOf, routeUrl } from '../controller-url'
import { post } from './post'

/** One call whose delivery can be found again. */
export interface Traced {
  /** Names the call among the deliveries of the app. */
  readonly headers: Readonly<Record<string, string>>
  /** Resolves to what became of the call; to undefined where the controller does not answer, or knows no such delivery. */
  readonly outcome: () => Promise<string | undefined>
}

const HEADER = 'express-callbacks-send'
const ASK_MS = 3000

/**
 * Marks a call, so that the controller of the config can be asked what became of it. Returns undefined where nobody can be
 * asked: the config has no controller with a fixed port, or the call goes to another machine.
 */
export function traceCall({ controller }: Config, { hostname }: URL): Traced | undefined {
  const base = controller && controllerUrlOf(controller)
  if (base === undefined || !isLoopback(hostname)) return undefined
  const mark = randomUUID()
  const url = routeUrl(base, `/deliveries?limit=1&text=${mark}`)
  const headers = authorizationOf(controller?.auth?.token)
  return {
    headers: { [HEADER]: mark },
    async outcome() {
      const body = Buffer.alloc(0)
      const asking = post({ url, method: 'GET', headers, body, option: '--to', timeoutMs: ASK_MS })
      const answer = await asking.catch(() => undefined)
      return answer?.status === 200 ? readOutcome(answer.body) : undefined
    },
  }
}

/** Reads a list with one delivery. A refusal needs no verdict: the line has its code already. */
function readOutcome(body: Buffer): string | undefined {
  const { deliveries } = parseMapping(body.toString()) ?? {}
  const [delivery]: readonly unknown[] = Array.isArray(deliveries) ? deliveries : []
  if (!isMapping(delivery)) return undefined
  const { verdict, reason } = delivery
  return verdict === 'refused' ? String(reason) : `${String(verdict)}: ${String(reason)}`
}
