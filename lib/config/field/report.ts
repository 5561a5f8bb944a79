import type { ErrorCode, Location, Problem } from '../../base/errors'
import type { Mask } from '../../base/secrets/mask'
import type { ConfigPath } from '../../base/config-path'

/** Where a value stands for its author: the config path as written, and the place in the file. */
export interface Place {
  readonly at: string
  readonly location: Location | undefined
}

/** Gives the place of a path; `key` points at the key rather than at its value. */
export type Locate = (path: ConfigPath, target?: 'key' | 'value') => Place

/** Collects what is wrong with a config, so that everything can be said at once. */
export interface Report {
  readonly locate: Locate
  /** Adds something wrong; a problem that is known already is not repeated. */
  error(path: ConfigPath, message: string, code?: ErrorCode): void
  /** Adds an unknown key. */
  unknownKey(path: ConfigPath, message: string): void
  /** Adds what loads but will fail when it is used. */
  warn(path: ConfigPath, message: string, code?: ErrorCode): void
  /** Whether something was wrong at exactly this place. */
  hasErrorAt(path: ConfigPath): boolean
  /** Everything wrong, in the order of the file. */
  problems(): readonly Problem[]
  warnings(): readonly Problem[]
}

/**
 * Creates a report that begins with what is known to be wrong already; `files` gives the order of its problems, and
 * `mask` takes secrets out of messages.
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
      // What could not be read at all is not also wrong in its value.
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
