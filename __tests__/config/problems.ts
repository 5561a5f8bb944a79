import { ConfigError, type Problem } from '../../lib/base/errors'
import { parseConfig } from '../../lib/config/read/load'
import { compileConfig, type Config } from '../../lib/config/normalize'

type Env = Readonly<Record<string, string | undefined>>

/** Compiles YAML text with this environment. */
export function compileYaml(text: string, env: Env = {}): Config {
  return compileConfig(parseConfig(text, { env }))
}

/** Everything that a function refuses in its ConfigError; empty when it refuses nothing. */
export function problemsOf(run: () => unknown): readonly Problem[] {
  try {
    run()
  } catch (error) {
    if (error instanceof ConfigError) return error.problems
    throw error
  }
  return []
}

/** The problems of YAML text, one line each: `2:9 listener.port ERR_CONFIG_VALUE expected …`. */
export function linesOf(text: string, env: Env = {}): readonly string[] {
  return problemsOf(() => compileYaml(text, env)).map(({ at, code, message, location }) => {
    return [`${location?.line}:${location?.column}`, at, code, message].filter((part) => part !== '').join(' ')
  })
}
