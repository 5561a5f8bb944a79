import { CallbackError } from './errors'

/** Loads what a user installs beside this package. Throws `ERR_CONFIG_UNSUPPORTED` when it is not there. */
export function loadPeer<T>(name: string, user: string, load: () => T): T {
  const peer = findPeer(load)
  if (peer !== undefined) return peer
  const message = `${user} needs the package ${name}, which is not installed: npm install ${name}`
  throw new CallbackError('ERR_CONFIG_UNSUPPORTED', { message })
}

/** Loads what a user may have installed; undefined when it is not there. Throws what it throws by itself. */
export function findPeer<T>(load: () => T): T | undefined {
  try {
    return load()
  } catch (error) {
    if (isMissing(error)) return undefined
    throw error
  }
}

function isMissing(error: unknown): boolean {
  return typeof error === 'object' && error !== null && 'code' in error && error.code === 'MODULE_NOT_FOUND'
}
