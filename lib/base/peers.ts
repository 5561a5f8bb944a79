import { CallbackError } from './errors'

/** Loads a package that a user installs beside this one. Throws `ERR_CONFIG_UNSUPPORTED` when it is missing. */
export function loadPeer<T>(name: string, user: string, load: () => T): T {
  const peer = findPeer(name, load)
  if (peer !== undefined) return peer
  const message = `${user} needs the package ${name}, which is not installed: npm install ${name}`
  throw new CallbackError('ERR_CONFIG_UNSUPPORTED', { message })
}

/**
 * Loads a package that a user may have installed; undefined when it is missing. Throws what the package itself throws.
 */
export function findPeer<T>(name: string, load: () => T): T | undefined {
  try {
    return load()
  } catch (error) {
    if (isMissing(error, name)) return undefined
    throw error
  }
}

/** A package that is there may fail since one of its own dependencies is missing. */
function isMissing(error: unknown, name: string): boolean {
  if (typeof error !== 'object' || error === null) return false
  const { code, message }: { code?: unknown; message?: unknown } = error
  return code === 'MODULE_NOT_FOUND' && String(message).includes(`'${name}'`)
}
