import { existsSync } from 'node:fs'
import { isAbsolute, relative, resolve } from 'node:path'
import { type ConfigFile, loadConfig } from '../config/read/load'
import type { Source } from '../config/read/source'
import { CallbackError } from '../base/errors'
import type { Io } from './io'

const DEFAULTS = ['callbacks.yml', 'callbacks.yaml'] as const

/** A config that was read, and the files that it came from. */
export interface LoadedConfig {
  readonly files: readonly string[]
  readonly source: Source
}

/** Reads the files that the command line names, else the default one. Throws `ERR_CONFIG_FILE` and a ConfigError. */
export function loadFiles(named: readonly string[], { cwd, env }: Io): LoadedConfig {
  const files = named.length > 0 ? named : [findDefault(cwd)]
  const paths: readonly ConfigFile[] = files.map((file) => (isAbsolute(file) ? file : relative('', resolve(cwd, file))))
  return { files, source: loadConfig(paths, { env }) }
}

function findDefault(cwd: string): string {
  const found = DEFAULTS.find((file) => existsSync(resolve(cwd, file)))
  if (found !== undefined) return found
  const message = `There is no ${DEFAULTS.join(' or ')} in ${cwd}; create one, or name a config by --file`
  throw new CallbackError('ERR_CONFIG_FILE', { message })
}
