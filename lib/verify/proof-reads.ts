import type { Location, Problem } from '../base/errors'
import type { ReadPath, Template } from '../template/compile'
import type { VerifySpec } from './contract'
import { type Coverage, describeCoverage, isCovered } from './coverage'
import { coverageOf, type EndpointVerify } from './verify'

/** What an endpoint reads, and how its sender proves itself. */
export interface ProvedEndpoint {
  readonly at: string
  readonly location: Location | undefined
  /** Where its keys stand. */
  readonly locations: Readonly<Record<string, Location | undefined>>
  readonly method: string
  readonly verify: EndpointVerify | undefined
  readonly item: Template | undefined
  readonly when: Template | undefined
  readonly identifyBy: Template | undefined
  readonly dedupeBy: Template | undefined
  readonly status: Template | undefined
  readonly result: Template | undefined
  readonly input: Template | undefined
  readonly error: Template | undefined
}

const TICKET = 'callback_id'

/**
 * Finds faults between the proof of an endpoint and the values that it reads: an id outside of the proof, since one signed
 * request could then settle any id; a `when` outside of it, since a request that was filtered out could then be sent again so
 * that it counts; and a proof of the body alone for requests without a body.
 */
export function checkReads(spec: ProvedEndpoint): readonly Problem[] {
  const { verify } = spec
  if (verify === undefined) return []
  const coverage = coverageOf(verify)
  const bodiless = checkMethod(spec, verify, coverage)
  if (bodiless) return [bodiless]
  if (coverage.eachItem && spec.item === undefined) return [itemless(spec, verify)]
  if (verify.unsignedIds) return []
  return [
    // Items that are signed one by one may stand anywhere in the body.
    ...(coverage.eachItem ? [] : findUncovered(spec, verify, coverage, 'item')),
    ...findUncovered(spec, verify, coverage, 'when'),
    ...findUncovered(spec, verify, coverage, 'identify_by'),
    ...findUncovered(spec, verify, coverage, 'dedupe_by'),
  ]
}

/** Warns of other values that an endpoint reads outside of its proof: no id depends on them. */
export function listUncoveredReads(spec: ProvedEndpoint): readonly Problem[] {
  const { verify } = spec
  if (verify === undefined || verify.unsignedIds) return []
  const coverage = coverageOf(verify)
  return (['status', 'result', 'input', 'error'] as const).flatMap((key) => {
    const [first] = uncoveredOf(spec, coverage, key)
    if (first === undefined) return []
    const message =
      `reads \${${first.text}}, which the proof of "${verify.scheme}" does not cover (it covers ${describeCoverage(coverage)}): ` +
      'anybody who has seen a signed request can send it again with another value'
    return [
      { code: 'ERR_UNVERIFIED', at: `${spec.at}.${key}`, location: spec.locations[key] ?? spec.location, message },
    ]
  })
}

const TEMPLATES = {
  item: 'item',
  when: 'when',
  identify_by: 'identifyBy',
  dedupe_by: 'dedupeBy',
  status: 'status',
  result: 'result',
  input: 'input',
  error: 'error',
} as const

type Key = keyof typeof TEMPLATES

/** The keys of an endpoint whose templates are checked against its proof. */
export const PROVED_KEYS: readonly string[] = Object.keys(TEMPLATES)

function uncoveredOf(spec: ProvedEndpoint, coverage: Coverage, key: Key): readonly ReadPath[] {
  const isItemCovered = spec.item === undefined ? coverage.body : areCovered(spec.item, coverage)
  const paths = spec[TEMPLATES[key]]?.reads ?? []
  return paths.filter((path) => !isCovered(path, coverage, isItemCovered && !coverage.eachItem))
}

function areCovered(template: Template, coverage: Coverage): boolean {
  return template.reads.every((path) => isCovered(path, coverage, coverage.body))
}

function findUncovered(spec: ProvedEndpoint, { scheme }: VerifySpec, coverage: Coverage, key: Key): readonly Problem[] {
  const [first] = uncoveredOf(spec, coverage, key)
  if (first === undefined) return []
  const message =
    `reads \${${first.text}}, which the proof of "${scheme}" does not cover (it covers ${describeCoverage(coverage)}): anybody who ` +
    `has seen one signed request could send it again ${CHANGED[key] ?? 'with another id'}. ${adviseOn(first, key)}`
  return [
    { code: 'ERR_CONFIG_VALUE', at: `${spec.at}.${key}`, location: spec.locations[key] ?? spec.location, message },
  ]
}

/** What somebody could change who sends a signed request again. */
const CHANGED: Partial<Record<Key, string>> = {
  item: 'with another item',
  when: 'with another value, so that a callback counts which was to be filtered out',
  dedupe_by: 'with another delivery id',
}

/** Most authors who read an id from the URL want a ticket; it needs no signature, since its id cannot be guessed. */
function adviseOn({ source, steps: [step] }: ReadPath, key: Key): string {
  const isTicket = source === 'query' && step?.kind === 'key' && step.key === TICKET
  if (isTicket) return 'Take it out: the id of a ticket, which nobody can guess, is found in the URL without it'
  const ticket =
    key === 'identify_by'
      ? ', or use a ticket (its callback_id in the URL is found without identify_by, and cannot be guessed)'
      : ''
  return `Read it from what is covered${ticket}; "unsigned_ids: true" in "verify" says that it is meant`
}

/** A GET has everything in its URL: one signature of an empty body would fit all URLs. */
function checkMethod({ method }: ProvedEndpoint, verify: VerifySpec, coverage: Coverage): Problem | undefined {
  const isBodiless = method === 'GET' || (method === 'DELETE' && !verify.unsignedIds)
  if (!isBodiless || coverage.all || coverage.url || signsMore(verify, coverage)) return undefined
  const message =
    `"${verify.scheme}" covers ${describeCoverage(coverage)}, and a ${method} has no body: one signed request would fit every URL. ` +
    'Write what the sender signs of the URL, as in signed: "${url}", or use method POST, or the scheme "token"'
  return { code: 'ERR_CONFIG_VALUE', at: verify.at, location: verify.location, message }
}

function itemless({ at, location }: ProvedEndpoint, { scheme }: VerifySpec): Problem {
  const message = `"${scheme}" signs each item by itself; write bulk: true and item: "\${body.notificationItems}"`
  return { code: 'ERR_CONFIG_VALUE', at: `${at}.item`, location, message }
}

/** Whether the config itself says that the sender signs headers or an id. Both may be all that the sender sends. */
function signsMore({ signed, timestamp }: VerifySpec, { headers }: Coverage): boolean {
  if (signed === undefined) return false
  const [time] = timestamp?.references ?? []
  const known = time?.source === 'header' ? String(time.path[0]) : undefined
  return [...headers].some((name) => name !== known)
}
