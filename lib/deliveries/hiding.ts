import { createMessageMask, listSpellings, type Mask, REDACTED } from '../base/secrets/mask'
import { redactHeaders } from '../base/secrets/redact-headers'
import { isSecretParameter } from '../base/secrets/secret-names'
import type { Course } from './course'

/** What must not be shown. */
export interface Hiding {
  /** Headers that prove something, in lower case. */
  readonly secretHeaders: ReadonlySet<string>
  /** Parameters of a query that prove something. */
  readonly secretParameters: ReadonlySet<string>
  /** Parameters of a path that prove something; default: none. */
  readonly secretParams?: ReadonlySet<string>
  /** Replaces the secrets of the config and its environment in a text. */
  readonly mask: Mask
}

/** Returns the headers of a request in their order, without what authenticates anybody. */
export function hideHeaders(
  rawHeaders: readonly string[],
  secretHeaders: ReadonlySet<string>,
): readonly (readonly [string, string])[] {
  return pairsOf(rawHeaders).map(([name, value]) => [
    name,
    String(redactHeaders({ [name]: value }, secretHeaders)[name]),
  ])
}

function pairsOf(rawHeaders: readonly string[]): readonly (readonly [string, string])[] {
  const pairs: [string, string][] = []
  for (let index = 0; index + 1 < rawHeaders.length; index += 2)
    pairs.push([rawHeaders[index] ?? '', rawHeaders[index + 1] ?? ''])
  return pairs
}

/** Returns the target of a request, without what authenticates anybody. */
export function hideQuery(target: string, secretParameters: ReadonlySet<string>): string {
  const [path = '', query] = target.split(/\?(.*)/s)
  if (query === undefined) return target
  const pairs = query.split('&').map((pair) => {
    const { name, value } = readPair(pair, secretParameters)
    return value === undefined ? pair : `${name}=${REDACTED}`
  })
  return `${path}?${pairs.join('&')}`
}

/** Returns the parameters of a path, without what authenticates anybody. */
export function hideParams(params: Course['params'], { secretParams }: Hiding): Course['params'] {
  if (params === undefined || secretParams === undefined) return params
  return Object.fromEntries(
    Object.entries(params).map(([name, value]) => [name, secretParams.has(name) ? REDACTED : value]),
  )
}

/**
 * Creates the mask for texts about one request. It hides the secrets of the config and the proof of the request's own
 * sender, which a template may have read as an id or as a status.
 */
export function createProofMask(course: Pick<Course, 'rawHeaders' | 'target' | 'params'>, hiding: Hiding): Mask {
  const proofs = listProofs(course, hiding)
  const whole = new Set(proofs)
  const maskProofs = createMessageMask(listSpellings(proofs))
  return (text) => (whole.has(text) ? REDACTED : hiding.mask(maskProofs(text)))
}

/** Lists the values of a request that are not shown where they stand. */
function listProofs(
  { rawHeaders, target, params = {} }: Parameters<typeof createProofMask>[0],
  hiding: Hiding,
): string[] {
  const { secretHeaders, secretParameters, secretParams } = hiding
  const inHeaders = pairsOf(rawHeaders).flatMap(([name, value]) =>
    redactHeaders({ [name]: value }, secretHeaders)[name] === REDACTED ? [value, value.replace(/^\w+ +/, '')] : [],
  )
  const [, query = ''] = target.split(/\?(.*)/s)
  const inQuery = query.split('&').flatMap((pair) => readPair(pair, secretParameters).spellings)
  const inPath = Object.entries(params).flatMap(([name, value]) => (secretParams?.has(name) ? value : []))
  return [...inHeaders, ...inQuery, ...inPath].filter(isText).filter((value) => value !== REDACTED)
}

/** Reads a pair of a query; there is no value where it may be shown. */
function readPair(pair: string, secretParameters: ReadonlySet<string>) {
  const [name = '', value] = pair.split(/=(.*)/s)
  const [decodedName = name] = new URLSearchParams(`${name}=`).keys()
  const isSecret = isSecretParameter(decodedName) || secretParameters.has(decodedName)
  if (value === undefined || !isSecret) return { name, value: undefined, spellings: [] as string[] }
  return { name, value, spellings: [value, ...new URLSearchParams(`a=${value}`).values()] }
}

function isText(value: string | undefined): value is string {
  return value !== undefined && value !== ''
}
