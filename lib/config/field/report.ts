import type { ErrorCode, Location, Problem } from '../../base/errors'
import type { Mask } from '../../base/secrets/mask'
import type { ConfigPath } from '../../base/values/config-path'

/** Where an author finds a value: the config path as written, and the place in the file. */
export interface Place {
  readonly at: string
  readonly location: Location | undefined
}

/** Returns the place of a path; `key` points at the key rather than at its value. */
export type Locate = (path: ConfigPath, target?: 'key' | 'value') => Place

/** Collects everything wrong with a config, so that one error can list it all. */
export interface Report {
  readonly locate: Locate
  /** Adds a problem, once. */
  error(path: ConfigPath, message: string, code?: ErrorCode): void
  /** Adds an unknown key. */
  unknownKey(path: ConfigPath, message: string): void
  /** Adds a warning: the config loads, but this fails when it is used. */
  warn(path: ConfigPath, message: string, code?: ErrorCode): void
  /** Notes which variables of the environment a value is made of: messages about the value name them. */
  noteVariables(path: ConfigPath, names: readonly string[]): void
  /** Whether a problem has exactly this place. */
  hasErrorAt(path: ConfigPath): boolean
  /** All problems, in the order of the file. */
  problems(): readonly Problem[]
  warnings(): readonly Problem[]
}

/**
 * Creates a report that begins with the known problems. Problems are sorted by the order of `files`; `mask` takes secrets
 * out of messages.
 */
export function createReport(
  locate: Locate,
  known: readonly Problem[],
  files: readonly (string | undefined)[],
  mask: Mask,
): Report {
  const problems: Problem[] = [...known]
  const warnings: Problem[] = []
  const variables = new Map<string, readonly string[]>()
  const hasErrorAt = (path: ConfigPath): boolean => {
    const { at } = locate(path)
    return problems.some((problem) => problem.at === at)
  }
  /** A value of several parts may come from one variable as a whole. */
  function withVariables(message: string, path: ConfigPath): string {
    const lengths = Array.from(path, (_step, index) => path.length - index)
    const names = lengths.map((length) => variables.get(JSON.stringify(path.slice(0, length)))).find(Boolean) ?? []
    return names.length === 0 || names.some((name) => message.includes(`env.${name}`))
      ? message
      : `${message} (from ${nameVariables(names)})`
  }

  return {
    locate,
    hasErrorAt,
    noteVariables: (path, names) => void variables.set(JSON.stringify(path), names),
    error(path, message, code = 'ERR_CONFIG_VALUE') {
      // A value that could not be read at all is no second problem.
      if (code === 'ERR_CONFIG_VALUE' && hasErrorAt(path)) return
      const told = code === 'ERR_CONFIG_ENV' ? message : withVariables(message, path)
      add(problems, { code, message: mask(told), ...locate(path) })
    },
    unknownKey: (path, message) =>
      add(problems, {
        code: 'ERR_CONFIG_UNKNOWN_KEY',
        message: mask(withVariables(message, path)),
        ...locate(path, 'key'),
      }),
    warn: (path, message, code = 'ERR_CONFIG_VALUE') =>
      add(warnings, { code, message: mask(withVariables(message, path)), ...locate(path) }),
    problems: () => inOrder(problems, files),
    warnings: () => inOrder(warnings, files),
  }
}

function nameVariables(names: readonly string[]): string {
  const quoted = names.map((name) => `"${name}"`).join(' and ')
  return `the environment ${names.length === 1 ? 'variable' : 'variables'} ${quoted}`
}

function add(list: Problem[], problem: Problem): void {
  const isKnown = list.some(({ at, message }) => at === problem.at && message === problem.message)
  if (!isKnown) list.push(problem)
}

/** In the order of the text, file by file. */
function inOrder(list: readonly Problem[], files: readonly (string | undefined)[]): readonly Problem[] {
  const rank = ({ location }: Problem): readonly [number, number, number] => [
    files.indexOf(location?.file),
    location?.line ?? 0,
    location?.column ?? 0,
  ]
  return list.toSorted((left, right) => {
    const [file, line, column] = rank(left)
    const [otherFile, otherLine, otherColumn] = rank(right)
    return file - otherFile || line - otherLine || column - otherColumn
  })
}
