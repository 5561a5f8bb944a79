import { callbacks } from '../../callbacks'
import { type Config, compileConfig } from '../../config/normalize'
import { ConfigError, describeProblem, type Problem } from '../../base/errors'
import type { CliOptions } from '../syntax/args'
import { type LoadedConfig, loadFiles } from '../config-files'
import { EXIT_DONE, EXIT_FAILED } from '../exit-codes'
import { escapeControls } from '../../base/secrets/escape'
import type { Io } from '../io'
import { hideUnnamed } from '../names'
import { count } from './still-waiting'

/** Checks a config and prints everything that is wrong with it. Gives the exit code: 0, or 1 when something is. */
export function validate({ files }: CliOptions, io: Io): number {
  try {
    const loaded = loadFiles(files, io)
    const config = compileConfig(loaded.source)
    for (const warning of listWarnings(loaded)) io.stderr.write(`warning: ${showMessage(warning)}\n`)
    io.stdout.write(`${escapeControls(loaded.files.join(', '))}: OK (${summarize(config)})\n`)
    return EXIT_DONE
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    for (const problem of error.problems) io.stderr.write(`${showProblem(problem)}\n`)
    return EXIT_FAILED
  }
}

/** Returns every warning that an app with this config logs at its start. Throws a `ConfigError` as `callbacks()` does. */
function listWarnings({ source }: LoadedConfig): readonly string[] {
  const warnings: string[] = []
  const warn = (_details: unknown, message?: string): void => void (message !== undefined && warnings.push(message))
  callbacks(source, { logger: { debug: ignore, info: ignore, warn, error: ignore } })
  return warnings
}

const ignore = (): void => undefined

/** One thing wrong with a config in one line, fit for a terminal. */
export function showProblem(problem: Problem): string {
  return showMessage(describeProblem(problem))
}

function showMessage(message: string): string {
  return escapeControls(hideUnnamed(message))
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
