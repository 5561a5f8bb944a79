import type { TunnelRequest } from '../../../lib/base/contracts'
import { badOptions, readMapping, readNumber, readText, writeAddress } from '../options'

/** The server of an ssh tunnel. */
export interface SshServer {
  readonly host: string
  readonly port: number
  /** How messages call it: `host:port`. */
  readonly name: string
  /** 0: never. */
  readonly keepaliveIntervalMs: number
  /** All of `connection`. */
  readonly options: TunnelRequest['options']
}

/** Reads where to connect to; port 22 and keepalives of 15 s are the defaults. Throws `ERR_GATEWAY_OPTIONS` without a host. */
export function readSshServer({ options }: TunnelRequest): SshServer {
  const connection = readMapping(options, 'connection')
  const host = readText(connection, 'host')?.replaceAll(/^\[|\]$/g, '')
  if (host === undefined || host === '')
    throw badOptions('An ssh-tunnel needs "connection" with the "host" of the server')
  const port = readNumber(connection, 'port') ?? 22
  const keepaliveIntervalMs = readNumber(connection, 'keepaliveIntervalMs') ?? 15_000
  return { host, port, name: writeAddress({ host, port }), keepaliveIntervalMs, options: connection }
}
