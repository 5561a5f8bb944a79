import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { CallbackError } from '../base/errors'

/** The folder of this package, above the code that runs, wherever that was built to. */
export function findPackage(folder = __dirname): string {
  const above = dirname(folder)
  return existsSync(join(folder, 'package.json')) || above === folder ? folder : findPackage(above)
}

/** The version of this package. */
export function readVersion(folder: string): string {
  const { version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { readonly version: string }
  return version
}

/** The JSON Schema of a config, which the build writes. Throws `ERR_CONFIG_FILE` when it is not there. */
export function readSchema(folder: string): string {
  const file = join(folder, 'dist', 'schema.json')
  try {
    return readFileSync(file, 'utf8')
  } catch (cause) {
    const message = `The schema cannot be read from ${file}; install express-callbacks again, or build it`
    throw new CallbackError('ERR_CONFIG_FILE', { message, cause })
  }
}
