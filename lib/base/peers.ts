import { CallbackError } from './errors'

/** Loads a package that a user installs beside this one. Throws `ERR_CONFIG_UNSUPPORTED` when it is missing. */
export function loadPeer<T>(name: string, user: string, load: () => T): T {
  const peer = findPeer(name, load)
  if (peer !== undefined) return peer
  throw new CallbackError('ERR_CONFIG_UNSUPPORTED', { message: describeMissingPeer(name, user) })
}

/** Says that a package is missing, and how to get it. */
export function describeMissingPeer(name: string, user: string): string {
  return `${user} needs the package ${name}, which is not installed: npm install ${name}`
}

/** Whether a package is there. Nothing of it is run. */
export function isInstalled(name: string): boolean {
  try {
    require.resolve(name)
    return true
  } catch {
    return false
  }
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
