import { delimiter } from 'node:path'
import { CallbackError } from '../../../lib/base/errors'
import { findPeer } from '../../../lib/base/peers'
import type { TunnelRequest } from '../../../lib/base/contracts'
import { findNamedProgram, findProgram } from '../program/find-program'
import { type CloudflaredPackage, installCloudflared } from './install'
import { readText } from '../options'

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
  const { options, env } = request
  const names = { '"bin"': readText(options, 'bin'), CLOUDFLARED_BIN: env['CLOUDFLARED_BIN'] }
  const named = findNamedProgram(names, env)
  if (named !== undefined) return named
  const loaded = findPeer('cloudflared', load)
  const peer = isPackage(loaded) ? loaded : undefined
  const found = (peer && findProgram(peer.bin, env)) ?? findProgram('cloudflared', withoutPackageFolders(env))
  if (found !== undefined) return found
  if (options['install'] !== true) throw noProgram(`cloudflared was not found. ${HOW_TO_GET_IT}`)
  if (peer === undefined)
    throw noProgram('"install: true" needs the package cloudflared, which fetches the program: npm install cloudflared')
  return installCloudflared(peer, request)
}

/** What npm puts there under this name is a script that downloads by itself, and is not ended with its parent. */
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
