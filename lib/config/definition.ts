import { type Config, compileConfig } from './normalize'
import { isMapping, type Mapping } from '../base/plain'
import type { CallbacksConfig } from './schema'
import { SECTIONS } from './sections/plural'
import { createDocument, createSource } from './read/source'

/** The sections that make up a workflow; listeners and gateways are those of the config that is served. */
const KEYS: ReadonlySet<string> = new Set(
  [SECTIONS.components, SECTIONS.workflows].flatMap(({ singular, plural }) => [singular, plural]),
)

/** Gives what the workflows of a config are made of, as it was written: variables of the environment are not put in. */
export function definitionOf({ written }: Config): Mapping {
  return pick(written, (key) => KEYS.has(key))
}

/** Compiles a definition that was kept, with everything else as it is now. Throws a `ConfigError` when the two do not fit. */
export function compileDefinition(definition: unknown, { written, env }: Config): Config {
  const rest = pick(written, (key) => !KEYS.has(key))
  const document = createDocument({ ...rest, ...(isMapping(definition) ? definition : {}) } satisfies CallbacksConfig)
  return compileConfig(createSource([document], env))
}

function pick(written: unknown, wants: (key: string) => boolean): Mapping {
  return Object.fromEntries(Object.entries(isMapping(written) ? written : {}).filter(([key]) => wants(key)))
}
