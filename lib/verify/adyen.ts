import { createHmac, createSecretKey, type KeyObject } from 'node:crypto'
import type { Sign, SignOptions, VerifyItem, VerifySpec } from './contract'
import { isMapping, type Mapping } from '../base/values/plain'
import { writeJson } from '../template/bigints'
import { parseJson } from '../template/exact-json'
import { decodeStrictly } from './signature/bytes'
import { decodeSecret, isHmacOf } from './signature/keys'
import { mapSecrets } from './signature/secrets'
import { spoil } from './signature/sign-signature'
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

/** The keys by which an item is told from what holds it. */
const ITEM_KEYS = ADYEN_FIELDS.map((path) => path.replace(/\..*/, ''))

/** The one field that may hold a `:`, which separates the fields. */
const FREE = 'merchantReference'

/**
 * Adyen signs some fields of each item of its standard webhooks, with a key that is written in hex
 * (docs.adyen.com/development-resources/webhooks/verify-hmac-signatures). An item may still be in its
 * `NotificationRequestItem`.
 */
export function compileAdyen(spec: VerifySpec): VerifyItem {
  const keys = createKeys(spec)
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

function createKeys(spec: VerifySpec): readonly KeyObject[] {
  return mapSecrets(spec, (secret) => createSecretKey(decodeSecret(secret, 'hex')))
}

/** Compiles how Adyen signs, with the first secret: each mapping of the body that has one of the signed fields. */
export function compileSignAdyen(spec: VerifySpec, { isForged }: SignOptions): Sign {
  const [key] = createKeys(spec)

  function signItem(item: Mapping): Mapping {
    const [text = ''] = listSigned(item)
    const bytes = createHmac('sha256', key ?? '')
      .update(text)
      .digest()
    const hmacSignature = (isForged === true ? spoil(bytes) : bytes).toString('base64')
    const data = item['additionalData']
    return { ...item, additionalData: { ...(isMapping(data) ? data : {}), hmacSignature } }
  }

  function signItems(value: unknown): unknown {
    if (Array.isArray(value)) return value.map(signItems)
    if (!isMapping(value)) return value
    if (ITEM_KEYS.some((name) => Object.hasOwn(value, name))) return signItem(value)
    return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, signItems(inner)]))
  }

  return async (request) => {
    const body = orUnverified(() => parseJson(request.body.toString()))
    return { ...request, body: Buffer.from(writeJson(signItems(body)) ?? '') }
  }
}

function orUnverified(parse: () => unknown): unknown {
  try {
    return parse()
  } catch {
    throw unverified('the items that are signed stand in a body of JSON, and it is none')
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
