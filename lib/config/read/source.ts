import type { Location } from '../../base/errors'
import type { ConfigPath } from '../../base/values/config-path'

/** One document of a config: its raw data, and the places of that data in the text. */
export interface ConfigDocument {
  readonly data: unknown
  /** The place of the deepest part of a path that the text has; undefined when there is no text. */
  readonly locate: (path: ConfigPath, target: 'key' | 'value') => Location | undefined
}

const SOURCE = Symbol.for('express-callbacks.source')

/** A config that was read but not yet checked: its documents, later ones over earlier ones, and the environment. */
export interface Source {
  readonly [SOURCE]: true
  readonly documents: readonly ConfigDocument[]
  readonly env: Environment
}

/** Variables that `${env.X}` reads. */
export type Environment = Readonly<Record<string, string>>

/** Creates a source of documents, the last of which wins. */
export function createSource(documents: readonly ConfigDocument[], env: Environment): Source {
  return Object.freeze({ [SOURCE]: true as const, documents, env })
}

/** Whether `loadConfig` or `parseConfig` returned a value. */
export function isSource(value: unknown): value is Source {
  return typeof value === 'object' && value !== null && SOURCE in value
}

/** Creates a document of data that has no text. */
export function createDocument(data: unknown): ConfigDocument {
  return { data, locate: () => undefined }
}
