import { accessSync, constants, statSync } from 'node:fs'
import { delimiter, resolve } from 'node:path'
import { CallbackError } from '../../../lib/base/errors'
import type { TunnelRequest } from '../../../lib/base/contracts'
import { resolveFile } from '../options'

/**
 * Finds a program as a shell does: a name with a slash is a file (`~` is the home folder), any other name is looked for
 * in the folders of PATH. Returns its path; undefined when no such program can be run.
 */
export function findProgram(name: string, env: TunnelRequest['env']): string | undefined {
  if (/[/\\]/.test(name)) return withEndings(resolveFile(name, env)).find(isProgram)
  const folders = (env['PATH'] ?? env['Path'] ?? '').split(delimiter).filter((folder) => folder !== '')
  return folders.flatMap((folder) => withEndings(resolve(folder, name))).find(isProgram)
}

/**
 * Finds the program that the config or the environment names. `names` maps each source, such as `"bin"`, to its name;
 * the first name counts. Returns undefined without a name. Throws `ERR_GATEWAY_PROGRAM` when the named program cannot
 * be run, even if there is another: that one may be of another version.
 */
export function findNamedProgram(
  names: Readonly<Record<string, string | undefined>>,
  env: TunnelRequest['env'],
): string | undefined {
  const [by, name = ''] = Object.entries(names).find(([, one]) => one !== undefined && one !== '') ?? []
  if (by === undefined) return undefined
  const found = findProgram(name, env)
  if (found !== undefined) return found
  const message = `${by} names "${name}", which is no program that can be run. Correct it, or leave it out`
  throw new CallbackError('ERR_GATEWAY_PROGRAM', { message })
}

/** On Windows only these start without a shell; scripts such as `.cmd` do not. */
function withEndings(file: string): readonly string[] {
  return process.platform !== 'win32' || /\.(?:exe|com)$/i.test(file) ? [file] : [`${file}.exe`, `${file}.com`]
}

function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return statSync(file).isFile()
  } catch {
    return false
  }
}
