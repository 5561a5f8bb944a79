import { randomUUID } from 'node:crypto'
import { renameSync, rmSync } from 'node:fs'
import { CallbackError } from '../../lib/errors'
import type { TunnelRequest } from '../../lib/types'

/** What is called of the package `cloudflared`. */
export interface CloudflaredPackage {
  /** Where its binary is, or would be. */
  readonly bin: string
  /** Downloads the binary to a path. */
  readonly install: (to: string) => Promise<string>
}

/** How long the download, of about 40 MB, may take. */
const LIMIT_MS = 5 * 60_000

/**
 * Lets the package fetch its binary, and gives its path. Nobody sees half a file. Throws `ERR_GATEWAY_NETWORK` when it
 * could not be downloaded, `ERR_GATEWAY_PROGRAM` when it cannot be kept here or is not made for this machine.
 */
export async function installCloudflared(peer: CloudflaredPackage, request: TunnelRequest): Promise<string> {
  const { signal, clock, logger, port } = request
  signal.throwIfAborted()
  const { bin } = peer
  const part = `${bin}.${randomUUID()}`
  logger.info({ port }, `[cloudflared] is fetched to ${bin}`)
  let stop = (_reason: unknown): void => undefined
  const stopped = new Promise<never>((_resolve, reject) => {
    stop = reject
  })
  const onAbort = (): void => stop(signal.reason)
  const timer = clock.setTimeout(() => stop(new Error(`not done within ${LIMIT_MS / 1000} s`)), LIMIT_MS)
  signal.addEventListener('abort', onAbort)
  const download = peer.install(part)
  try {
    await Promise.race([download, stopped])
    renameSync(part, bin)
    return bin
  } catch (error) {
    const drop = (): void => rmSync(part, { force: true })
    drop()
    // A download cannot be called off; what it writes later goes too.
    download.then(drop, drop)
    throw signal.aborted ? signal.reason : describeFailure(error)
  } finally {
    clock.clearTimeout(timer)
    signal.removeEventListener('abort', onAbort)
  }
}

function describeFailure(error: unknown): CallbackError {
  const reason = error instanceof Error ? error.message : String(error)
  const isOurs = /\b(?:EACCES|EPERM|EROFS|ENOSPC|ENOENT|Unsupported)\b/i.test(reason)
  const advice = isOurs ? 'Install it yourself, and name it by "bin"' : 'Look at the network, or install it yourself'
  const message = `cloudflared could not be fetched: ${reason}. ${advice}`
  return new CallbackError(isOurs ? 'ERR_GATEWAY_PROGRAM' : 'ERR_GATEWAY_NETWORK', { message, cause: error })
}
