import { parseRoute } from '../../base/route-syntax'
import { trimPath } from '../../base/same-path'
import type { Fields } from '../field/fields'
import { ANY_TEXT, TEXT } from '../field/values'

/** Reads `base_path`: empty, or with a leading and without a trailing slash. */
export function readBasePath(fields: Fields): string {
  const written = fields.read('base_path', ANY_TEXT)
  if (written === undefined || !isRoute(written, 'base_path', fields)) return ''
  warnOfForeignParameters(written, 'base_path', fields)
  return trimPath(written.trim())
}

/** Reads `path` with one leading slash; undefined when it is missing or cannot be a path. */
export function readPath(fields: Fields): string | undefined {
  const written = fields.read('path', TEXT)
  if (written === undefined || !isRoute(written, 'path', fields)) return undefined
  warnOfForeignParameters(written, 'path', fields)
  return trimPath(written.trim()) || '/'
}

/** Joins a base path and a path with one slash between them. */
export function joinPaths(basePath: string, path: string): string {
  return basePath !== '' && path === '/' ? basePath : basePath + path
}

function isRoute(written: string, key: string, fields: Fields): boolean {
  if (/^[a-z][a-z\d+.-]*:\/\//i.test(written)) {
    fields.error(key, `expected a path such as "/done", found the URL "${written}"; its origin belongs in public_url`)
    return false
  }
  if (/[?#]/.test(written)) {
    fields.error(
      key,
      `"${written}" holds ? or #; a query is read with \${query.name}, an optional parameter is written {/:id}`,
    )
    return false
  }
  const [template, name = ''] = /\{\{[^{}]{0,100}?(\w{1,100})\s*\}\}/.exec(written) ?? []
  if (template !== undefined) {
    fields.error(key, `"${template}" cannot stand in a path; a parameter is written ":${name}"`)
    return false
  }
  return isSyntax(written, key, fields)
}

/** Other routers write `{id}` or `<id>`; both are text here. */
function warnOfForeignParameters(written: string, key: string, fields: Fields): void {
  const [braced, inside] = /(?<=\/)\{(\w+)\}(?=[/.]|$)/.exec(written) ?? []
  if (braced !== undefined) {
    const message = `"${braced}" is the text "${inside}" here, which may be left out`
    fields.warn(key, `${message}; a parameter is written ":${inside}"`)
  }
  const [angled, typed] = /<(?:\w+:)?(\w+)>/.exec(written) ?? []
  if (angled !== undefined) fields.warn(key, `"${angled}" is plain text here; a parameter is written ":${typed}"`)
}

/** The syntax of Express 5, on Express 4 too. */
function isSyntax(written: string, key: string, fields: Fields): boolean {
  try {
    parseRoute(written)
    return true
  } catch (error) {
    const [reason = ''] = error instanceof Error ? error.message.split(/[:;]/) : []
    const examples =
      '"/done/:id", "/files/*rest", "/done{/:id}"; a literal : * { } ( ) [ ] + ! stands behind a backslash'
    fields.error(key, `"${written}" is no path of Express 5 (${reason}); parameters are written ${examples}`)
    return false
  }
}
