import { randomUUID } from 'node:crypto'
import { closeSync, mkdirSync, openSync, renameSync, rmSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { CallbackError, codeOf, reasonOf } from '../../../lib/base/errors'
import { sleep, withinLimit } from '../../../lib/base/timers'
import type { Clock, TunnelRequest } from '../../../lib/base/contracts'
import { findProgram } from '../program/find-program'

/** What is called of the package `cloudflared`. */
export interface CloudflaredPackage {
  /** Where its binary is, or would be. */
  readonly bin: string
  /** Downloads the binary to a path. */
  readonly install: (to: string) => Promise<string>
}

/** How long the download, of about 40 MB, may take. */
const LIMIT_MS = 5 * 60_000
/** How often who waits for the download of another looks for it. */
const LOOK_MS = 500

/**
 * Lets the package fetch its binary, and gives its path. Nobody sees half a file, and of several gateways one fetches it
 * while the others wait. Throws `ERR_GATEWAY_NETWORK` when it could not be downloaded, `ERR_GATEWAY_PROGRAM` when it
 * cannot be kept here or is not made for this machine.
 */
export async function installCloudflared(peer: CloudflaredPackage, request: TunnelRequest): Promise<string> {
  const { signal, clock } = request
  const { bin } = peer
  const lock = `${bin}.lock`
  const tooLate = (): Error => new Error(`not done within ${LIMIT_MS / 1000} s`)
  let isOurs = false
  try {
    return await withinLimit({ clock, signal, limitMs: LIMIT_MS, tooLate }, async (over) => {
      mkdirSync(dirname(bin), { recursive: true })
      for (isOurs = takeLock(lock, clock); !isOurs; isOurs = takeLock(lock, clock)) {
        await sleep(clock, LOOK_MS, over)
        over.throwIfAborted()
      }
      // Whoever had the lock before may have fetched it.
      return findProgram(bin, request.env) ?? (await download(peer, request, over))
    })
  } catch (error) {
    throw signal.aborted ? signal.reason : describeFailure(error)
  } finally {
    if (isOurs) rmSync(lock, { force: true })
  }
}

async function download({ bin, install }: CloudflaredPackage, request: TunnelRequest, over: AbortSignal) {
  const part = `${bin}.${randomUUID()}`
  const drop = (): void => rmSync(part, { force: true })
  request.logger.info({ port: request.port }, `[cloudflared] is fetched to ${bin}`)
  over.addEventListener('abort', drop)
  try {
    await install(part)
    // A download cannot be called off: this one came too late.
    over.throwIfAborted()
    renameSync(part, bin)
    return bin
  } catch (error) {
    drop()
    throw error
  } finally {
    over.removeEventListener('abort', drop)
  }
}

/** Whether nobody else fetches it now. One who left a lock behind is given no longer than a download may take. */
function takeLock(lock: string, clock: Clock): boolean {
  try {
    closeSync(openSync(lock, 'wx'))
    return true
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw error
    const since = statSync(lock, { throwIfNoEntry: false })?.mtimeMs ?? clock.now()
    if (clock.now() - since > LIMIT_MS) rmSync(lock, { force: true })
    return false
  }
}

function describeFailure(error: unknown): CallbackError {
  const reason = reasonOf(error)
  const isOurs = /\b(?:EACCES|EPERM|EROFS|ENOSPC|ENOENT|Unsupported)\b/i.test(reason)
  const advice = isOurs ? 'Install it yourself, and name it by "bin"' : 'Look at the network, or install it yourself'
  const message = `cloudflared could not be fetched: ${reason}. ${advice}`
  return new CallbackError(isOurs ? 'ERR_GATEWAY_PROGRAM' : 'ERR_GATEWAY_NETWORK', { message, cause: error })
}
