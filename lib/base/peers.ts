import { CallbackError } from './errors'

/** Loads what a user installs beside this package. Throws `ERR_CONFIG_UNSUPPORTED` when it is not there. */
export function loadPeer<T>(name: string, user: string, load: () => T): T {
  const peer = findPeer(name, load)
  if (peer !== undefined) return peer
  const message = `${user} needs the package ${name}, which is not installed: npm install ${name}`
  throw new CallbackError('ERR_CONFIG_UNSUPPORTED', { message })
}

/** Loads what a user may have installed; undefined when it is not there. Throws what it throws by itself. */
export function findPeer<T>(name: string, load: () => T): T | undefined {
  try {
    return load()
  } catch (error) {
    if (isMissing(error, name)) return undefined
    throw error
  }
}

/** The package may be there, and miss one of its own. */
function isMissing(error: unknown, name: string): boolean {
  if (typeof error !== 'object' || error === null) return false
  const { code, message }: { code?: unknown; message?: unknown } = error
  return code === 'MODULE_NOT_FOUND' && String(message).includes(`'${name}'`)
}
