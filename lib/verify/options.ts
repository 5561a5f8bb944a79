import type { VerifySpec } from '../config/sections/verify'
import { misconfigured } from './errors'

/** What a `verify` may say besides scheme and secret. */
type Option = Exclude<keyof VerifySpec, 'at' | 'location' | 'scheme' | 'secrets' | 'unsignedIds'>

/** The options as a config writes them. */
const KEYS: Readonly<Record<Option, string>> = {
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
}

const OPTIONS: readonly Option[] = [
  'algorithm',
  'signature',
  'prefix',
  'encoding',
  'keyEncoding',
  'timestamp',
  'timestampUnit',
  'id',
  'signed',
  'topics',
  'toleranceMs',
]

/** Throws `ERR_CONFIG_VALUE` when a `verify` says more than its scheme can heed: what protects is never passed over. */
export function refuseOptions(spec: VerifySpec, allowed: readonly Option[]): void {
  const option = OPTIONS.find((one) => spec[one] !== undefined && !allowed.includes(one))
  if (option === undefined) return
  const known = allowed.map((one) => KEYS[one]).join(', ')
  const advice = known === '' ? 'it has a fixed form' : `what can be changed: ${known}`
  throw misconfigured(spec, KEYS[option], `"${KEYS[option]}" has no meaning for "${spec.scheme}"; ${advice}`)
}
