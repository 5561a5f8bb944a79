import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TunnelRequest } from '../../../lib/base/contracts'
import type { Command } from '../program/child-process'
import type { CloudflaredTunnel } from './options'
import { createContainerCommand, reachableHost } from '../program/docker'
import { writeAddress } from '../options'

/** An empty config file for cloudflared. */
export interface EmptyFile {
  readonly path: string
  /** Removes the file where it can be removed. Never throws; may be called again. */
  remove(): void
}

const IMAGE = 'cloudflare/cloudflared:latest'
const NULL_DEVICE = '/dev/null'
/** Where a container finds the credentials. */
const MOUNTED = '/etc/cloudflared/credentials.json'

/**
 * Creates an empty config. Without one, cloudflared takes the `config.yml` of the home folder, whose rules answer every
 * request with 404.
 */
export function createEmptyFile(platform: NodeJS.Platform = process.platform, remove = removeFolder): EmptyFile {
  if (platform !== 'win32') return { path: NULL_DEVICE, remove: () => undefined }
  const folder = mkdtempSync(join(tmpdir(), 'express-callbacks-'))
  const path = join(folder, 'empty.yml')
  writeFileSync(path, '')
  return {
    path,
    remove() {
      try {
        remove(folder)
      } catch {
        // Windows keeps it while anybody reads it; an empty file in the temp folder does no harm.
      }
    },
  }
}

function removeFolder(folder: string): void {
  rmSync(folder, { recursive: true, force: true })
}

/** Creates the command that runs a program of this machine. Old versions know its flags, too. */
export function createCloudflaredCommand(
  file: string,
  tunnel: CloudflaredTunnel,
  request: TunnelRequest,
  config: string,
): Command {
  const credentials = tunnel.kind === 'credentials' ? tunnel.credentialsFile : undefined
  const args = writeArguments(tunnel, request, config, credentials)
  return { file, args, env: { ...withoutFlags(request.env), ...variablesOf(tunnel) }, secrets: secretsOf(tunnel) }
}

/** Creates the command that runs cloudflared as a container. Throws `ERR_GATEWAY_PROGRAM` without docker. */
export function createCloudflaredContainer(tunnel: CloudflaredTunnel, request: TunnelRequest): Command {
  const inside = { ...request, host: reachableHost(request) }
  return createContainerCommand(
    { ...request, env: withoutFlags(request.env) },
    {
      image: IMAGE,
      args: writeArguments(tunnel, inside, NULL_DEVICE, MOUNTED),
      variables: variablesOf(tunnel),
      secrets: secretsOf(tunnel),
      volumes: tunnel.kind === 'credentials' ? [`${tunnel.credentialsFile}:${MOUNTED}:ro`] : [],
    },
  )
}

function writeArguments(
  tunnel: CloudflaredTunnel,
  request: Pick<TunnelRequest, 'host' | 'port'>,
  config: string,
  credentials: string | undefined,
): readonly string[] {
  const url = ['--url', `http://${writeAddress(request)}`]
  // A quick tunnel without `--protocol auto` stays with QUIC, also where UDP is blocked.
  const shared = ['tunnel', '--config', config, '--no-autoupdate', '--metrics', '127.0.0.1:0']
  shared.push('--grace-period', '5s', '--protocol', 'auto')
  if (tunnel.kind === 'quick') return [...shared, ...url]
  if (tunnel.kind === 'token' || credentials === undefined) return [...shared, 'run', ...url]
  return [...shared, 'run', '--credentials-file', credentials, ...url, tunnel.tunnel]
}

/** The token goes by the environment, since others can read the command line of a process. */
function variablesOf(tunnel: CloudflaredTunnel): Readonly<Record<string, string>> {
  return tunnel.kind === 'token' ? { TUNNEL_TOKEN: tunnel.token } : {}
}

function secretsOf(tunnel: CloudflaredTunnel): Command['secrets'] {
  return tunnel.kind === 'token' ? [tunnel.token] : []
}

/** Leaves out the variables that set flags of cloudflared. */
function withoutFlags(env: TunnelRequest['env']): TunnelRequest['env'] {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !/^(?:TUNNEL_.*|NO_AUTOUPDATE)$/i.test(name)))
}
