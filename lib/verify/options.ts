import type { VerifySpec } from './contract'
import { misconfigured } from './errors'

/** The keys of `verify` that only some schemes heed, and how a config writes them. */
const KEYS = {
  algorithm: 'algorithm',
  signature: 'signature',
  prefix: 'prefix',
  encoding: 'encoding',
  keyEncoding: 'key_encoding',
  timestamp: 'timestamp',
  timestampUnit: 'timestamp_unit',
  id: 'id',
  signed: 'signed',
  topics: 'topic',
  toleranceMs: 'tolerance',
} as const satisfies Partial<Record<keyof VerifySpec, string>>

/** A key of `verify` that only some schemes heed. */
export type VerifyOption = keyof typeof KEYS

function isOption(name: string): name is VerifyOption {
  return Object.hasOwn(KEYS, name)
}

/** All of them. */
export const VERIFY_OPTIONS: readonly VerifyOption[] = Object.keys(KEYS).filter(isOption)

/** Throws `ERR_CONFIG_VALUE` for a key that the scheme does not heed: a check that the author wanted must not be skipped. */
export function refuseOptions(spec: VerifySpec, heeded: readonly VerifyOption[]): void {
  const option = VERIFY_OPTIONS.find((one) => spec[one] !== undefined && !heeded.includes(one))
  if (option === undefined) return
  const known = heeded.map((one) => KEYS[one]).join(', ')
  const advice = known === '' ? 'it has a fixed form' : `what can be changed: ${known}`
  throw misconfigured(spec, KEYS[option], `"${KEYS[option]}" has no meaning for "${spec.scheme}"; ${advice}`)
}
