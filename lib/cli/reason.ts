import { types } from 'node:util'

/** What was thrown, as text. */
export function reasonOf(error: unknown): string {
  return types.isNativeError(error) ? error.message : String(error)
}
