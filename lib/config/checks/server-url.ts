import { trimPath } from '../../base/same-path'
import { compileTemplate, type Template } from '../../template/compile'
import type { Fields } from '../field/fields'
import { escapePlaceholders } from '../field/placeholder'
import { ANY_TEXT, PORT, TEXT } from '../field/values'

const DEFAULT_HOST = '127.0.0.1'
const DEFAULT_PORT = 8000
const HOST = /^(?:[\p{L}\p{N}._-]+|[\da-f]*:[\da-f:.]*|\[[\da-f:.]+\])$/iu

/** Reads where the server of an http-server component runs already. Returns the base URL of its requests. */
export function readServerUrl(fields: Fields): Template {
  const port = fields.read('port', PORT) ?? DEFAULT_PORT
  const url = `http://${readHost(fields)}:${port}${readServerPath(fields)}`
  return compileTemplate(escapePlaceholders(url), { at: fields.at })
}

function readHost(fields: Fields): string {
  const host = fields.read('host', TEXT)?.trim() ?? DEFAULT_HOST
  if (!HOST.test(host)) {
    fields.error('host', `expected a host name or an address, found ${JSON.stringify(host)}; the port stands in "port"`)
    return DEFAULT_HOST
  }
  return host.includes(':') && !host.startsWith('[') ? `[${host}]` : host
}

function readServerPath(fields: Fields): string {
  const path = fields.read('base_path', ANY_TEXT)?.trim() ?? ''
  if (/[?#]|^[a-z][a-z\d+.-]*:\/\//i.test(path))
    fields.error('base_path', `expected a path such as "/api", found ${JSON.stringify(path)}`)
  return trimPath(path)
}
