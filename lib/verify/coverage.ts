import type { VerifySpec } from '../config/sections/verify'
import type { Template } from '../template/compile'
import type { ReadPath } from '../template/list-paths'
import { parseTemplate } from '../template/parse'
import { isOwnScheme, OWN_SCHEMES, type OwnScheme, SCHEMES, signedOf, type SignatureScheme } from './schemes'
import { isSigningSecret } from './gitlab'
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
  /** What is covered of the body, or of each item, where not all of it is. */
  readonly fields: readonly SignedField[]
  /** How messages call these fields. */
  readonly names: readonly string[]
  /** Whether each item of a bulk callback has a proof of its own. */
  readonly eachItem: boolean
}

/** Returns what the `verify` of an endpoint covers: by its scheme, or by what the config says is signed. */
export function coverageOf(spec: VerifySpec): Coverage {
  const { scheme, secrets } = spec
  if (!isOwnScheme(scheme)) return ofSigned(spec, SCHEMES[scheme])
  const isSigned = scheme === 'gitlab' && secrets.some(isSigningSecret)
  return isSigned ? ofSigned(spec, SCHEMES['standard-webhooks']) : ofOwn(scheme)
}

function ofOwn(scheme: OwnScheme): Coverage {
  const { all = false, body = false, url = false, fields = [], eachItem = false, wrapper } = OWN_SCHEMES[scheme]
  const source = eachItem ? 'item' : 'body'
  const wrapped = wrapper === undefined ? [] : fields.map((path) => `${wrapper}.${path}`)
  const paths = [...fields, ...wrapped].map((path) => ({ source, steps: path.split('.').map(toStep) }))
  return { all, body, url, headers: new Set(), fields: paths, names: fields, eachItem }
}

function toStep(key: string): { readonly kind: 'key'; readonly key: string } {
  return { kind: 'key', key }
}

function ofSigned(spec: VerifySpec, scheme: SignatureScheme): Coverage {
  const parts = parseSigned(signedOf(spec, scheme), spec.timestamp && String(spec.timestamp.source))
  const clear = parts.filter((_part, index) => borderOf(parts, index).isClear)
  return {
    all: false,
    body: signsBody(parts),
    url: parts.some(({ holds }) => holds === 'url'),
    headers: new Set([...clear, ...parts.filter(({ holds }) => holds === 'timestamp')].flatMap(headersIn)),
    fields: clear.flatMap(({ field }) => field ?? []),
    names: clear.flatMap(({ field, text }) => (field ? [text] : [])),
    eachItem: false,
  }

  function headersIn({ holds, header }: SignedPart): readonly string[] {
    if (header !== undefined) return [header]
    if (holds === 'id') return namesOf(spec.id, scheme.id)
    return holds === 'timestamp' ? namesOf(spec.timestamp, scheme.timestamp) : []
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
