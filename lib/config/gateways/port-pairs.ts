import type { Fields } from '../field/fields'
import { describeFound } from '../field/found'
import { type Kind, PORT } from '../field/values'

/** A local port, and for ssh what it is on the server. */
export interface PortPair {
  readonly port: number
  /** Where the local port is, when that was written with it. */
  readonly host: string | undefined
  readonly remotePort: number | undefined
}

const PORT_PAIR = /^(?<remote>\d+):(?:(?<host>[^\s:[\]]+|\[[\da-f:]+\]):)?(?<local>\d+)$/i

const AS_WRITTEN: Kind<unknown> = { expected: 'anything', read: (value) => value }

/** Reads `port` of a gateway: a port or a list, for ssh also `"remote:local"` and `"remote:host:local"`. */
export function readPortPairs(fields: Fields, isSsh: boolean): readonly PortPair[] {
  const written = fields.readList('port', AS_WRITTEN)
  if (written?.length === 0) fields.error('port', 'expected a port or a list of ports, found an empty list')
  const expected = isSsh ? `${PORT.expected}, "remote:local" or "remote:host:local"` : PORT.expected
  return (written ?? []).flatMap((value) => {
    const pair = isSsh ? (readPort(value, true) ?? readPair(value)) : readPort(value, false)
    if (pair === undefined) fields.error('port', `expected ${expected}, found ${describeFound(value, [])}`)
    return pair === undefined ? [] : [pair]
  })
}

/** A port alone has the same number on the server. */
function readPort(value: unknown, isSsh: boolean): PortPair | undefined {
  const port = PORT.read(value)
  return port === undefined ? undefined : { port, host: undefined, remotePort: isSsh ? port : undefined }
}

function readPair(value: unknown): PortPair | undefined {
  const parts = typeof value === 'string' ? PORT_PAIR.exec(value.trim())?.groups : undefined
  const port = PORT.read(parts?.['local'])
  const remotePort = parts?.['remote'] === '0' ? 0 : PORT.read(parts?.['remote'])
  if (port === undefined || remotePort === undefined) return undefined
  return { port, host: parts?.['host']?.replaceAll(/[[\]]/g, ''), remotePort }
}
