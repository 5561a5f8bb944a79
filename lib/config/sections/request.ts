import type { Template } from '../../template/compile'
import type { Fields } from '../field/fields'
import { hasPlaceholder, unescapePlaceholders } from '../field/placeholder'
import { field, type SpecOf } from '../field/shape'
import { mappingTemplate, anyTemplate, urlTemplate } from '../field/template-sources'
import { method } from '../field/values'
import { REQUEST_METHODS } from '../field/words'

/** Creates the keys of a request; `sources` are what its templates may read. */
export function requestKeys(sources: ReadonlySet<string>) {
  return {
    path: field('path', urlTemplate(sources), 'Path below base_url, or a whole URL'),
    endpoint: field('endpoint', urlTemplate(sources), 'Whole URL, instead of base_url and path'),
    method: field('method', method(REQUEST_METHODS), 'HTTP method (default POST with a body, else GET)'),
    headers: field('headers', mappingTemplate(sources), 'HTTP headers'),
    params: field('params', mappingTemplate(sources), 'Query parameters'),
    body: field('body', anyTemplate(sources), 'Body of the request'),
  }
}

/** One request to send. */
export interface RequestSpec extends SpecOf<ReturnType<typeof requestKeys>> {}

/** Refuses a request that could not be sent. */
export function checkRequest(fields: Fields, { method: written, endpoint }: RequestSpec): void {
  if (fields.has('path') && fields.has('endpoint'))
    fields.error('endpoint', 'stands beside "path"; an endpoint is the whole URL, a path is joined to base_url')
  if ((written === 'GET' || written === 'HEAD') && fields.has('body'))
    fields.error('body', `a ${written} request carries no body; use params, or another method`)
  refuseUncallable(fields, 'endpoint', endpoint)
}

/** Refuses a URL that is no template and cannot be called; an empty one counts as none. */
export function refuseUncallable(fields: Fields, key: string, template: Template | undefined): void {
  const source = template?.source
  if (template === undefined || (typeof source === 'string' && hasPlaceholder(source))) return
  const text = unescapePlaceholders(String(source)).trim()
  if (text === '' || (/^https?:\/\//i.test(text) && URL.canParse(text))) return
  fields.error(key, `expected a URL that begins with http:// or https://, found ${quote(text)}`)
}

/** What may be userinfo or query is left out. */
function quote(text: string): string {
  return JSON.stringify(
    text
      .replace(/^(https?:\/\/)?.*@/is, '$1')
      .replace(/[?#].*$/s, '')
      .slice(0, 60),
  )
}
