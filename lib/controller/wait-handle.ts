import { createHash } from 'node:crypto'
/** Names a wait whose ids are tickets, which are not shown: nobody can send a callback with it. */
export function handleOf(ids: readonly string[]): string {
  const digest = createHash('sha256').update(JSON.stringify(ids)).digest('base64url')
  return `wait-${digest.slice(0, 16)}`
}
