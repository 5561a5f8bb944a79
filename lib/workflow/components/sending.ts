import { createHash } from 'node:crypto'
import type { Call } from '../call'

/**
 * Returns the `Idempotency-Key` of a job in its task: the same for all attempts, in any process, so that the service can
 * tell a repeated request. It has the form of a UUID (RFC 9562, version 8), since some services take nothing else.
 */
export function keyOf({ path, scope }: Pick<Call, 'path' | 'scope'>): string {
  const hash = createHash('sha256')
    .update(JSON.stringify([scope.context.task_id, path]))
    .digest('hex')
  const variant = ((Number.parseInt(hash.charAt(16), 16) & 0x3) | 0x8).toString(16)
  return `${hash.slice(0, 8)}-${hash.slice(8, 12)}-8${hash.slice(13, 16)}-${variant}${hash.slice(17, 20)}-${hash.slice(20, 32)}`
}
