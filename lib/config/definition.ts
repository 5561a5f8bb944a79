import { type Config, compileConfig } from './normalize'
import { isMapping, type Mapping } from '../base/values/plain'
import type { CallbacksConfig } from './schema'
import { SECTIONS } from './field/plural'
import { createDocument, createSource } from './read/source'

/** The sections that make up a workflow; listeners and gateways are those of the config that is served. */
const KEYS: ReadonlySet<string> = new Set(
  [SECTIONS.components, SECTIONS.workflows].flatMap(({ singular, plural }) => [singular, plural]),
)

/** Returns the components and workflows of a config as they were written, without the variables of the environment. */
export function definitionOf({ written }: Config): Mapping {
  return pick(written, (key) => KEYS.has(key))
}

/** Compiles a kept definition with the present rest of the config. Throws a `ConfigError` when the two do not fit. */
export function compileDefinition(definition: unknown, { written, env }: Config): Config {
  const rest = pick(written, (key) => !KEYS.has(key))
  const document = createDocument({ ...rest, ...(isMapping(definition) ? definition : {}) } satisfies CallbacksConfig)
  return compileConfig(createSource([document], env))
}

function pick(written: unknown, wants: (key: string) => boolean): Mapping {
  return Object.fromEntries(Object.entries(isMapping(written) ? written : {}).filter(([key]) => wants(key)))
}
