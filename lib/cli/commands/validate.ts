import { assemble } from '../../app/assembly'
import { listMissing } from './missing-parts'
import { normalizeOptions } from '../../app/options'
import { type Config, compileConfig } from '../../config/normalize'
import { ConfigError, describeProblem, type Problem } from '../../base/errors'
import type { CliOptions } from '../syntax/args'
import { loadFiles } from '../config-files'
import { EXIT_DONE, EXIT_FAILED, type Io } from '../io'
import { escapeControls } from '../../base/secrets/escape'
import { count } from './still-waiting'

/** Checks a config and prints every problem or warning, also of programs and packages that it needs and that are missing. Returns the exit code: 0, or 1 with a problem. */
export function validate({ files: named }: CliOptions, io: Io): number {
  try {
    const { files, source } = loadFiles(named, io)
    const config = compileConfig(source)
    const { warnings } = assemble(config, normalizeOptions({}))
    for (const warning of [...warnings, ...listMissing(config)]) io.stderr.write(`warning: ${showProblem(warning)}\n`)
    io.stdout.write(`${escapeControls(files.join(', '))}: OK (${summarize(config)})\n`)
    return EXIT_DONE
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    for (const problem of error.problems) io.stderr.write(`${showProblem(problem)}\n`)
    return EXIT_FAILED
  }
}

/** One thing wrong with a config in one line, fit for a terminal. */
export function showProblem(problem: Problem): string {
  return escapeControls(describeProblem(problem))
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
