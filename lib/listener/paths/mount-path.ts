import { CallbackError } from '../../base/errors'
import { compileMatch, type Params, readLiteralPath } from '../../base/route-syntax'
import { cleanPath, compileStrip, decodePath, trimPath } from '../../base/same-path'

/** A path under which the host app mounts the callbacks. */
export interface MountPath {
  /** With a leading slash and none at the end; empty for the root. */
  readonly path: string
  /** Whether a URL needs values that the path does not tell: `/tenants/:tenant/hooks`. */
  readonly hasParams: boolean
  /** Takes it off a path, and reads its parameters; undefined for a path elsewhere. */
  strip(path: string): Stripped | undefined
}

export interface Stripped {
  /** With a leading slash. */
  readonly rest: string
  readonly params: Params | undefined
}

/** Compiles a mount path in the syntax of Express 5. Throws the error of the parser for bad syntax. */
export function compileMountPath(written: string): MountPath {
  const path = trimPath(written)
  const literal = path === '' ? '' : readLiteralPath(path)
  if (literal !== undefined) return createMountPath(literal)
  const matches = compileMatch(path, { end: false })
  return {
    path,
    hasParams: true,
    strip(whole) {
      for (const spelling of [decodePath(whole), cleanPath(whole)]) {
        const found = matches(spelling)
        if (found) return { rest: spelling.slice(found.path.length) || '/', params: found.params }
      }
      return undefined
    },
  }
}

/** Creates the mount path of a plain text without the syntax of Express, such as the `baseUrl` of a request. */
export function createMountPath(text: string): MountPath {
  const path = trimPath(text)
  const strip = compileStrip(path)
  return {
    path,
    hasParams: false,
    strip(whole) {
      const rest = strip(whole)
      return rest === undefined ? undefined : { rest, params: undefined }
    },
  }
}

/**
 * Reads the mount path that a caller names for one ticket. Throws `ERR_CONFIG_VALUE` for a text that is no path, or would
 * lead elsewhere: a URL, a query, a fragment, `.` or `..`, and the syntax of parameters.
 */
export function readTicketMount(value: unknown): string | undefined {
  if (value === undefined) return undefined
  const problem = typeof value === 'string' ? findProblem(value) : 'it is no text'
  if (problem === undefined) return trimPath(String(value))
  const message = `mountPath cannot be used (${problem}); expected the path of one mount, such as "/tenants/7/hooks"`
  throw new CallbackError('ERR_CONFIG_VALUE', { at: 'mountPath', message })
}

function findProblem(path: string): string | undefined {
  if (/^[a-z][a-z\d+.-]*:\/\//i.test(path)) return 'it is a URL'
  if (/[?#\\\p{Cc}]/u.test(path)) return 'it holds ?, #, a backslash or a control character'
  const segments = decodePath(path).split('/')
  if (segments.some((segment) => segment === '.' || segment === '..')) return 'it holds "." or ".."'
  if (path.split('/').some((segment) => /^[:*]|[{}]/.test(segment))) return 'it holds a parameter without a value'
  return undefined
}
