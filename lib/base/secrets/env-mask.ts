import { createMessageMask, listSpellings, type Mask } from './mask'
import { listSecrets } from './secret-names'

/** Creates the mask of messages for the secrets of an environment. It is made for the first message, since most have none. */
export function createEnvMask(env: Readonly<Record<string, string>>): Mask {
  let mask: Mask | undefined
  return (text) => (mask ??= createMessageMask(listSpellings(listSecrets(env))))(text)
}
