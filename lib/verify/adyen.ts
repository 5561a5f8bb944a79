import { createSecretKey } from 'node:crypto'
import type { VerifyItem, VerifySpec } from './contract'
import { isMapping, type Mapping } from '../base/plain'
import { decodeStrictly } from './signature/bytes'
import { decodeSecret, isHmacOf } from './signature/keys'
import { mapSecrets } from './signature/secrets'
import { unverified } from './errors'

/** The fields of an item that are signed, in the order in which they are signed. */
export const ADYEN_FIELDS = [
  'pspReference',
  'originalReference',
  'merchantAccountCode',
  'merchantReference',
  'amount.value',
  'amount.currency',
  'eventCode',
  'success',
]

/** The key that an item may still be wrapped in. */
export const ADYEN_WRAPPER = 'NotificationRequestItem'

/** The one field that may hold a `:`, which separates the fields. */
const FREE = 'merchantReference'

/**
 * Adyen signs some fields of each item of its standard webhooks, with a key that is written in hex
 * (docs.adyen.com/development-resources/webhooks/verify-hmac-signatures). An item may still be in its
 * `NotificationRequestItem`.
 */
export function compileAdyen(spec: VerifySpec): VerifyItem {
  const keys = mapSecrets(spec, (secret) => createSecretKey(decodeSecret(secret, 'hex')))
  return (value) => {
    const item = unwrap(value)
    const data = item?.['additionalData']
    const written = isMapping(data) ? data['hmacSignature'] : undefined
    if (item === undefined || typeof written !== 'string')
      throw unverified('the item has no signature: additionalData.hmacSignature is missing')
    const signature = decodeStrictly(written, 'base64')
    if (signature === undefined) throw unverified("the item's signature is not written as base64")
    const texts = listSigned(item)
    if (!keys.some((key) => texts.some((text) => isHmacOf(signature, text, 'sha256', key))))
      throw unverified('no secret fits the signature of the item')
  }
}

/**
 * Writes the fields with `:` between them; Adyen's own libraries differ on whether a `:` in a field has a backslash before it.
 * Only one field may hold a `:`, so that the fields can be told apart.
 */
function listSigned(item: Mapping): readonly string[] {
  const fields = ADYEN_FIELDS.map((path) => {
    const text = textAt(item, path)
    const isFree = path === FREE && !/\\[:\\]/.test(text)
    if (!isFree && text.includes(':')) throw unverified(`the item's ${path} holds a ":"`)
    return text
  })
  return [...new Set([fields.join(':'), fields.map((text) => text.replaceAll(':', '\\:')).join(':')])]
}

function textAt(item: Mapping, path: string): string {
  let value: unknown = item
  for (const key of path.split('.')) value = isMapping(value) && Object.hasOwn(value, key) ? value[key] : undefined
  if (value === undefined || value === null) return ''
  if (typeof value === 'object') throw unverified(`the item's ${path} is no text`)
  return String(value)
}

function unwrap(value: unknown): Mapping | undefined {
  if (!isMapping(value)) return undefined
  const inner = value[ADYEN_WRAPPER]
  return isMapping(inner) ? inner : value
}
