import type { TunnelRequest } from '../../../lib/base/contracts'
import { readMapping, readNumber, readText, required, writeAddress } from '../options'

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

/** Reads where to connect to. */
export function readSshServer({ options }: TunnelRequest): SshServer {
  const connection = readMapping(options, 'connection')
  const host = required(readText(connection, 'host'), 'host').replaceAll(/^\[|\]$/g, '')
  const port = required(readNumber(connection, 'port'), 'port')
  const keepaliveIntervalMs = required(readNumber(connection, 'keepaliveIntervalMs'), 'keepalive_interval')
  return { host, port, name: writeAddress({ host, port }), keepaliveIntervalMs, options: connection }
}
