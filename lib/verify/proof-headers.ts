import type { Config } from '../config/normalize'

/** The headers, in lower case, in which senders prove who they are under a name that the config gives. */
export function listProofHeaders({ listeners }: Config): ReadonlySet<string> {
  const references = listeners.flatMap(({ endpoints }) =>
    endpoints.flatMap(({ verify }) => verify?.signature?.references ?? []),
  )
  const names = references.flatMap(({ source, path: [name] }) => (source === 'header' ? [String(name)] : []))
  return new Set(names.map((name) => name.toLowerCase()))
}
