import { accessSync, constants, statSync } from 'node:fs'
import { delimiter, resolve } from 'node:path'
import type { TunnelRequest } from '../../lib/types'
import { resolveFile } from './options'

/**
 * Finds a program as a shell does: what holds a slash is a file (`~` is the home folder), anything else stands in a
 * folder of PATH. Gives its path, or undefined when there is none that can be run.
 */
export function findProgram(name: string, env: TunnelRequest['env']): string | undefined {
  if (/[/\\]/.test(name)) return withEndings(resolveFile(name, env), env).find(isProgram)
  const folders = (env['PATH'] ?? env['Path'] ?? '').split(delimiter).filter((folder) => folder !== '')
  return folders.flatMap((folder) => withEndings(resolve(folder, name), env)).find(isProgram)
}

/** On Windows a program has one of the endings that PATHEXT lists. */
function withEndings(file: string, env: TunnelRequest['env']): readonly string[] {
  if (process.platform !== 'win32') return [file]
  const endings = (env['PATHEXT'] ?? '.EXE;.CMD;.BAT').split(';')
  return [file, ...endings.map((ending) => file + ending)]
}

function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return statSync(file).isFile()
  } catch {
    return false
  }
}
