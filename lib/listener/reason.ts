import type { EndpointSpec } from '../config/normalize'
import { escapeControls } from '../base/secrets/escape'
import { excerptOf } from '../template/excerpt'
import { createMessageMask, listSpellings, type Mask } from '../base/secrets/mask'
import { listSecrets } from '../base/secrets/secret-names'
import { maskTickets } from '../base/secrets/ticket-id'
import type { RequestScope } from './request-scope'

/**
 * Compiles what reads from a failed callback why it failed, by the template `error`: one line of at most 200 characters
 * without the secrets of the environment, or undefined where it says nothing. A template that fails says nothing.
 */
export function compileReason(
  { error: template }: Pick<EndpointSpec, 'error'>,
  env: Readonly<Record<string, string>>,
): (scope: RequestScope) => string | undefined {
  if (template === undefined) return () => undefined
  let mask: Mask | undefined
  return (scope) => {
    mask ??= createMessageMask(listSpellings(listSecrets(env)))
    try {
      return escapeControls(maskTickets(mask(excerptOf(template.render(scope))))) || undefined
    } catch {
      return undefined
    }
  }
}
