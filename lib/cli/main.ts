import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { type Invocation, readArguments } from './syntax/args'
import { EXIT_DONE, EXIT_USAGE, type Io } from './io'
import { writeHelp } from './syntax/help'
import { init } from './init/init'
import type { Manifest } from './init/project'
import { listen } from './listen/listen'
import { CallbackError } from '../base/errors'
import { reportError } from './report-error'
import { replay } from './commands/replay'
import { run } from './commands/run'
import { send } from './send/send'
import { up } from './commands/up'
import { validate } from './commands/validate'

/** Runs the command line. `argv` are the arguments of the process without those of Node. Returns the exit code. */
export async function main(argv: readonly string[], io: Io): Promise<number> {
  let invocation: Invocation | undefined
  try {
    invocation = readArguments(argv)
    return await perform(invocation, io)
  } catch (error) {
    return reportError(error, io, invocation?.kind === 'command' ? invocation.options : undefined)
  }
}

async function perform(invocation: Invocation, io: Io): Promise<number> {
  if (invocation.kind === 'command') return performCommand(invocation, io)
  if (invocation.kind === 'send') return send(invocation.argument, invocation.options, io)
  if (invocation.kind === 'init') return init(invocation.options, readManifest(findPackage()), io)
  if (invocation.kind === 'none') {
    io.stderr.write(writeHelp(undefined))
    return EXIT_USAGE
  }
  io.stdout.write(
    invocation.kind === 'help' ? writeHelp(invocation.command) : `${readManifest(findPackage()).version}\n`,
  )
  return EXIT_DONE
}

async function performCommand(
  { command, argument, options }: Invocation & { readonly kind: 'command' },
  io: Io,
): Promise<number> {
  switch (command) {
    case 'up':
      return up(options, io)
    case 'run':
      return run(argument, options, io)
    case 'validate':
      return validate(options, io)
    case 'listen':
      return listen(argument, options, io)
    case 'replay':
      return replay(argument, options, io)
    case 'schema':
      io.stdout.write(readSchema(findPackage()))
      return EXIT_DONE
  }
}

/** The folder of this package, above the code that runs, wherever that was built to. */
export function findPackage(folder = __dirname): string {
  const above = dirname(folder)
  return existsSync(join(folder, 'package.json')) || above === folder ? folder : findPackage(above)
}

/** What is read of the `package.json` of this package. */
function readManifest(folder: string): Manifest {
  return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest
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
