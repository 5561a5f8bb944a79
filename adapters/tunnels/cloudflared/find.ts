import { closeSync, mkdirSync, openSync, renameSync, rmSync, statSync } from 'node:fs'
import { randomUUID } from 'node:crypto'
import { delimiter, dirname } from 'node:path'
import { CallbackError, codeOf, reasonOf } from '../../../lib/base/errors'
import { findPeer } from '../../../lib/base/peers'
import type { Clock, TunnelRequest } from '../../../lib/base/contracts'
import { findNamedProgram, findProgram } from '../program/find-program'
import { readText } from '../options'
import { sleep, withinLimit } from '../../../lib/base/timers'

const HOW_TO_GET_IT =
  'Get it from https://developers.cloudflare.com/cloudflare-one/connections/connect-networks/downloads/, by ' +
  '"brew install cloudflared" or "npm install cloudflared", or write "install: true" (with that package) or ' +
  '"runtime: docker"'

/**
 * Finds cloudflared: the option `bin`, `CLOUDFLARED_BIN`, the binary of the package `cloudflared`, or PATH, in this
 * order; with `install: true` the package fetches a missing one. Throws `ERR_GATEWAY_PROGRAM` when there is none, which
 * says how to get it, and `ERR_GATEWAY_NETWORK` when it could not be fetched.
 */
export async function findCloudflared(
  request: TunnelRequest,
  load: () => unknown = () => require('cloudflared'),
): Promise<string> {
  const { found, peer } = lookForCloudflared(request, load)
  return found ?? installCloudflared(peer, request)
}

/** A program that is there, or the package that fetches it. */
type Look =
  | { readonly found: string; readonly peer?: undefined }
  | { readonly found?: undefined; readonly peer: CloudflaredPackage }

/** Looks for cloudflared, and fetches nothing. Throws `ERR_GATEWAY_PROGRAM` when there is none and none may be fetched. */
export function lookForCloudflared(
  { options, env }: Pick<TunnelRequest, 'options' | 'env'>,
  load: () => unknown = () => require('cloudflared'),
): Look {
  const names = { '"bin"': readText(options, 'bin'), CLOUDFLARED_BIN: env['CLOUDFLARED_BIN'] }
  const named = findNamedProgram(names, env)
  if (named !== undefined) return { found: named }
  const loaded = findPeer('cloudflared', load)
  const peer = isPackage(loaded) ? loaded : undefined
  const found = (peer && findProgram(peer.bin, env)) ?? findProgram('cloudflared', withoutPackageFolders(env))
  if (found !== undefined) return { found }
  if (options['install'] !== true) throw noProgram(`cloudflared was not found. ${HOW_TO_GET_IT}`)
  if (peer === undefined)
    throw noProgram('"install: true" needs the package cloudflared, which fetches the program: npm install cloudflared')
  return { peer }
}

/** The script that npm puts there downloads cloudflared by itself, and does not end with its parent. */
function withoutPackageFolders(env: TunnelRequest['env']): TunnelRequest['env'] {
  const folders = (env['PATH'] ?? env['Path'] ?? '').split(delimiter)
  const rest = folders.filter((folder) => !/node_modules[/\\]\.bin[/\\]?$/.test(folder))
  return { ...env, PATH: rest.join(delimiter) }
}

function isPackage(loaded: unknown): loaded is CloudflaredPackage {
  if (typeof loaded !== 'object' || loaded === null || !('bin' in loaded && 'install' in loaded)) return false
  return typeof loaded.bin === 'string' && typeof loaded.install === 'function'
}

function noProgram(message: string): CallbackError {
  return new CallbackError('ERR_GATEWAY_PROGRAM', { message })
}

/** What is called of the package `cloudflared`. */
interface CloudflaredPackage {
  /** Where its binary is, or would be. */
  readonly bin: string
  /** Downloads the binary to a path. */
  readonly install: (to: string) => Promise<string>
}

/** How long the download, of about 40 MB, may take. */
const LIMIT_MS = 5 * 60_000
/** How often a gateway looks whether the download of another one is done. */
const LOOK_MS = 500

/**
 * Lets the package fetch its binary, and returns its path. The file appears whole, and of several gateways one fetches
 * it while the others wait. Throws `ERR_GATEWAY_NETWORK` when it could not be downloaded, `ERR_GATEWAY_PROGRAM` when it
 * cannot be kept here or is not made for this machine.
 */
async function installCloudflared(peer: CloudflaredPackage, request: TunnelRequest): Promise<string> {
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
      // The owner of the lock before this one may have fetched it.
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
    // A download cannot be aborted: this one ended too late.
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

/**
 * Takes the lock; returns false while another gateway has it. A lock that is older than a download may take is stale.
 */
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
