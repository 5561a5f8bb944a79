import { trimPath } from '../../base/same-path'
import { compileTemplate, type Template } from '../../template/compile'
import type { Fields } from '../field/fields'
import { escapePlaceholders } from '../field/placeholder'
import { readTable } from '../field/read-table'
import { field } from '../field/shape'
import { ANY_TEXT, PORT, TEXT } from '../field/values'

const DEFAULT_HOST = '127.0.0.1'

/** The keys of an http-server component that locate the server. */
export const SERVER = {
  host: field('host', TEXT, 'http-server: where the server runs already', DEFAULT_HOST),
  port: field('port', PORT, 'http-server: port of that server', 8000),
  basePath: field('base_path', ANY_TEXT, 'http-server: path before every path'),
}

const HOST = /^(?:[\p{L}\p{N}._-]+|[\da-f]*:[\da-f:.]*|\[[\da-f:.]+\])$/iu

/** Returns the base URL of the server of an http-server component, which runs already. */
export function readServerUrl(fields: Fields): Template {
  const { host, port, basePath = '' } = readTable(SERVER, fields)
  const url = `http://${toHost(host.trim(), fields)}:${port}${toPath(basePath.trim(), fields)}`
  return compileTemplate(escapePlaceholders(url), { at: fields.at })
}

function toHost(host: string, fields: Fields): string {
  if (!HOST.test(host)) {
    fields.error('host', `expected a host name or an address, found ${JSON.stringify(host)}; the port stands in "port"`)
    return DEFAULT_HOST
  }
  return host.includes(':') && !host.startsWith('[') ? `[${host}]` : host
}

function toPath(path: string, fields: Fields): string {
  if (/[?#]|^[a-z][a-z\d+.-]*:\/\//i.test(path))
    fields.error('base_path', `expected a path such as "/api", found ${JSON.stringify(path)}`)
  return trimPath(path)
}
