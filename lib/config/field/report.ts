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
  const hasErrorAt = (path: ConfigPath): boolean => {
    const { at } = locate(path)
    return problems.some((problem) => problem.at === at)
  }
  return {
    locate,
    hasErrorAt,
    error(path, message, code = 'ERR_CONFIG_VALUE') {
      // A value that could not be read at all is no second problem.
      if (code === 'ERR_CONFIG_VALUE' && hasErrorAt(path)) return
      add(problems, { code, message: mask(message), ...locate(path) })
    },
    unknownKey: (path, message) =>
      add(problems, { code: 'ERR_CONFIG_UNKNOWN_KEY', message: mask(message), ...locate(path, 'key') }),
    warn: (path, message, code = 'ERR_CONFIG_VALUE') =>
      add(warnings, { code, message: mask(message), ...locate(path) }),
    problems: () => inOrder(problems, files),
    warnings: () => inOrder(warnings, files),
  }
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
