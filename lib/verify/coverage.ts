import type { VerifySpec } from './contract'
import type { Template } from '../template/compile'
import type { ReadPath } from '../template/compile'
import { parseTemplate } from '../template/parse'
import { type SignatureForm, signedOf } from './signature/form'
import { plainPath } from './signature/source'
import { borderOf, parseSigned, type SignedField, type SignedPart, signsBody } from './signature/signed-parts'

/** What the proof of a scheme covers: nobody but the sender can change it. */
export interface Coverage {
  /** Whether the sender shows its secret: only those who know it can write a request. */
  readonly all: boolean
  readonly body: boolean
  /** The public URL with its query, so also the path and its parameters. */
  readonly url: boolean
  /** Names in lower case. */
  readonly headers: ReadonlySet<string>
  /** The covered fields of the body, or of each item, where only some fields are covered. */
  readonly fields: readonly SignedField[]
  /** How messages call these fields. */
  readonly names: readonly string[]
  /** Whether each item of a bulk callback has a proof of its own. */
  readonly eachItem: boolean
}

/** Creates the coverage of a scheme that is not of the generic form; what is left out is not covered. */
export function cover(covered: Partial<Coverage>): Coverage {
  return { all: false, body: false, url: false, headers: new Set(), fields: [], names: [], eachItem: false, ...covered }
}

/** Creates the coverage of fields of the body, or of each item: their paths, such as `amount.value`. */
export function coverFields(paths: readonly string[], eachItem = false, wrapper?: string): Coverage {
  const source = eachItem ? 'item' : 'body'
  const wrapped = wrapper === undefined ? [] : paths.map((path) => `${wrapper}.${path}`)
  const fields = [...paths, ...wrapped].map((path) => ({ source, steps: path.split('.').map(toStep) }))
  return cover({ fields, names: paths, eachItem })
}

function toStep(key: string): { readonly kind: 'key'; readonly key: string } {
  return { kind: 'key', key }
}

/** Returns what a signature of the generic form covers: what the config says is signed, else what the form says. */
export function coverSigned(spec: VerifySpec, form: SignatureForm): Coverage {
  const parts = parseSigned(signedOf(spec, form), spec.timestamp && String(spec.timestamp.source))
  const clear = parts.filter((_part, index) => borderOf(parts, index).isClear)
  return cover({
    body: signsBody(parts),
    url: parts.some(({ holds }) => holds === 'url'),
    headers: new Set([...clear, ...parts.filter(({ holds }) => holds === 'timestamp')].flatMap(headersIn)),
    fields: clear.flatMap(({ field }) => field ?? []),
    names: clear.flatMap(({ field, text }) => (field ? [text] : [])),
  })

  function headersIn({ holds, header }: SignedPart): readonly string[] {
    if (header !== undefined) return [header]
    if (holds === 'id') return namesOf(spec.id, form.id)
    return holds === 'timestamp' ? namesOf(spec.timestamp, form.timestamp) : []
  }
}

function namesOf(template: Template | undefined, names: readonly string[] = []): readonly string[] {
  if (template === undefined) return names
  const { source, key } = plainPath(parseTemplate(String(template.source))) ?? {}
  return source === 'header' && key !== undefined ? [key] : []
}

/**
 * Whether nobody but the sender can change what a path of a listener's template reads. The method is that of the route,
 * and variables of the environment are those of the config. `item` says whether the item is covered.
 */
export function isCovered({ source, steps }: ReadPath, coverage: Coverage, item: boolean): boolean {
  if (coverage.all || source === 'env' || source === 'method') return true
  const [first] = steps
  switch (source) {
    case 'query':
    case 'params':
    case 'path':
      return coverage.url
    case 'header':
      return first?.kind === 'key' && coverage.headers.has(first.key)
    case 'body':
      return coverage.body || coverage.fields.some((field) => isBelow(field, source, steps))
    case 'index':
      return coverage.body
    default:
      return item || coverage.fields.some((field) => isBelow(field, source, steps))
  }
}

function isBelow(field: SignedField, source: string, steps: ReadPath['steps']): boolean {
  return field.source === source && field.steps.every((step, index) => isSameStep(step, steps[index]))
}

function isSameStep(one: ReadPath['steps'][number], other: ReadPath['steps'][number] | undefined): boolean {
  if (one.kind === 'key') return other?.kind === 'key' && one.key === other.key
  return one.kind === 'index' && other?.kind === 'index' && one.index === other.index
}

/** Says in words what is covered, as in "the body and the header webhook-id". */
export function describeCoverage({ all, body, url, headers, names: fields, eachItem }: Coverage): string {
  if (all) return 'the whole request'
  const names = [...headers]
  const parts = [
    ...(body ? ['the body'] : []),
    ...(url ? ['the URL'] : []),
    ...(names.length > 0 ? [`the header${names.length > 1 ? 's' : ''} ${listWords(names)}`] : []),
    ...(fields.length > 0 && !body ? [`${listWords(fields)} of ${eachItem ? 'each item' : 'the body'}`] : []),
  ]
  return listWords(parts)
}

function listWords(words: readonly string[]): string {
  return words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} and ${words.at(-1)}`
}
