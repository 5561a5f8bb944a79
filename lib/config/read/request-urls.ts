import type { ConfigPath } from '../../base/config-path'
import { SECTIONS } from '../sections/plural'

const URL_KEYS: ReadonlySet<string | number> = new Set(['base_url', 'endpoint', 'path'])
/** The mappings inside a component that hold a request, from the outside in. */
const HOLDERS: ReadonlySet<string | number> = new Set(['action', 'completion', 'fallback'])

/** Whether a place in a config is a text that makes the URL of a request: `components.NAME.path`, of `action` and polling too. */
export function isRequestUrl([section, ...rest]: ConfigPath): boolean {
  const { singular, plural } = SECTIONS.components
  if (section !== singular && section !== plural) return false
  const inside = section === plural ? rest.slice(1) : rest
  const key = inside.at(-1)
  const holders = inside.slice(0, -1)
  return key !== undefined && URL_KEYS.has(key) && holders.every((holder) => HOLDERS.has(holder))
}
