import { callbacks } from '../callbacks'
import { type Config, compileConfig } from '../config/normalize'
import { ConfigError, describeProblem, type Problem } from '../errors'
import { listDriverless } from '../driverless'
import type { CliOptions } from './args'
import { loadFiles } from './config-files'
import { EXIT_DONE, EXIT_FAILED } from './exit-codes'
import { escapeControls } from '../escape'
import type { Io } from './io'
import { hideUnnamed } from './names'
import { count } from './still-waiting'

/** Checks a config and prints everything that is wrong with it. Gives the exit code: 0, or 1 when something is. */
export function validate({ files }: CliOptions, io: Io): number {
  try {
    const loaded = loadFiles(files, io)
    const config = compileConfig(loaded.source)
    callbacks(loaded.source, { logger: SILENT })
    for (const warning of [...config.warnings, ...listDriverless(config, {})])
      io.stderr.write(`warning: ${showProblem(warning)}\n`)
    io.stdout.write(`${escapeControls(loaded.files.join(', '))}: OK (${summarize(config)})\n`)
    return EXIT_DONE
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    for (const problem of error.problems) io.stderr.write(`${showProblem(problem)}\n`)
    return EXIT_FAILED
  }
}

const SILENT = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined }

/** One thing wrong with a config in one line, fit for a terminal. */
export function showProblem(problem: Problem): string {
  return escapeControls(hideUnnamed(describeProblem(problem)))
}

function summarize({ listeners, components, workflows, gateways, controller }: Config): string {
  const counts = [
    count(listeners.flatMap(({ endpoints }) => endpoints).length, 'endpoint'),
    count(workflows.size, 'workflow'),
    count(components?.size ?? 0, 'component'),
    count(gateways.length, 'gateway'),
    count(controller === undefined ? 0 : 1, 'controller'),
  ]
  return counts.filter((one) => !one.startsWith('0 ')).join(', ') || 'empty'
}
