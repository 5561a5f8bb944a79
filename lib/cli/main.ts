import { type Invocation, readArguments } from './syntax/args'
import { EXIT_DONE, EXIT_USAGE } from './exit-codes'
import { writeHelp } from './syntax/help'
import type { Io } from './io'
import { listen } from './listen/listen'
import { findPackage, readSchema, readVersion } from './package-files'
import { reportError } from './report-error'
import { run } from './commands/run'
import { send } from './send/send'
import { up } from './commands/up'
import { validate } from './commands/validate'

/** Runs the command line with the arguments of the process, without those of Node, and gives the exit code. */
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
  if (invocation.kind === 'none') {
    io.stderr.write(writeHelp(undefined))
    return EXIT_USAGE
  }
  io.stdout.write(invocation.kind === 'help' ? writeHelp(invocation.command) : `${readVersion(findPackage())}\n`)
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
    case 'schema':
      io.stdout.write(readSchema(findPackage()))
      return EXIT_DONE
  }
}
