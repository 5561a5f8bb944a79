import { homedir } from 'node:os'
import { join, resolve } from 'node:path'
import { CallbackError } from '../../lib/base/errors'
import type { TunnelRequest } from '../../lib/base/contracts'

type Options = TunnelRequest['options']

/** Reads an option that is text; undefined when it is missing. */
export function readText(options: Options, key: string): string | undefined {
  const value = options[key]
  return typeof value === 'string' ? value : undefined
}

/** Reads an option that is a number; undefined when it is missing. */
export function readNumber(options: Options, key: string): number | undefined {
  const value = options[key]
  return typeof value === 'number' ? value : undefined
}

/** Returns an option that every compiled config has. Throws `ERR_GATEWAY_OPTIONS` when it is missing all the same. */
export function required<T>(value: T | undefined, key: string): T {
  if (value === undefined) throw badOptions(`"${key}" is missing`)
  return value
}

/** Reads an option that is a list of texts; undefined when it is missing. */
export function readTexts(options: Options, key: string): readonly string[] | undefined {
  const value: unknown = options[key]
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : undefined
}

/** Reads an option that is a mapping; empty when it is missing. */
export function readMapping(options: Options, key: string): Options {
  const value: unknown = options[key]
  return typeof value === 'object' && value !== null ? { ...value } : {}
}

/** The error of options with which no tunnel can be opened, however often it is tried. */
export function badOptions(message: string): CallbackError {
  return new CallbackError('ERR_GATEWAY_OPTIONS', { message })
}

/** Resolves `~` and `~/…` as a shell does, and what is relative against the folder of the process. */
export function resolveFile(file: string, env: TunnelRequest['env']): string {
  const home = env['HOME'] ?? env['USERPROFILE'] ?? homedir()
  if (file === '~') return home
  if (/^~[/\\]/.test(file)) return join(home, file.slice(2))
  return resolve(file)
}

/** Writes the host and port to which a tunnel leads as a URL has them. */
export function writeAddress({ host, port }: Pick<TunnelRequest, 'host' | 'port'>): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`
}
