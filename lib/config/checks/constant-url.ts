import type { Template } from '../../template/compile'
import type { Fields } from '../field/fields'
import { hasPlaceholder, unescapePlaceholders } from '../field/placeholder'

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
