import { describeCoverage } from '../../lib/verify/coverage'
import { SCHEMES, VERIFY_SCHEMES, type VerifyScheme } from '../../lib/verify/schemes'
import type { SignatureForm } from '../../lib/verify/signature/form'
import { coverageOf } from '../../lib/verify/verify'
import { specOf } from '../verify/use-verify'

const BEGIN = '<!-- The table is written from schemes.ts: see __tests__/verify/page.test.ts -->\n'
const END = '<!-- End of the table -->\n'
const HEAD =
  '| `scheme` | signed by | stands in | covers | time of sending | `secret` | page |\n|---|---|---|---|---|---|---|\n'

/** What the table says of schemes that are not of the generic form: signed by, stands in, time of sending, secret. */
const OWN: Partial<Record<VerifyScheme, readonly [string, string, string, string]>> = {
  token: ['the secret itself', '`authorization`, or `signature`', 'none', 'as it is written'],
  basic: ['the secret itself', '`authorization`', 'none', '`user:password`'],
  telegram: ['the secret itself', '`x-telegram-bot-api-secret-token`', 'none', 'as it is written'],
  vapi: ['the secret itself', '`x-vapi-secret`', 'none', 'as it is written'],
  gitlab: ['the secret itself', '`x-gitlab-token`', 'none', 'as it is written; `whsec_…`: as `standard-webhooks`'],
  twilio: ['HMAC-SHA1', '`x-twilio-signature`', 'none', 'as it is written'],
  adyen: ['HMAC-SHA256', 'each item', 'none', 'hex'],
  sns: ['RSA', 'the body', 'none', 'none: Amazon publishes its certificates'],
}

/** Returns the page with the table that the schemes have now. Throws an `Error` for a page without the marks. */
export function withPresetTable(page: string): string {
  const begin = page.indexOf(BEGIN)
  const end = page.indexOf(END)
  if (begin < 0 || end < begin) throw new Error('the page has no place for the table')
  return page.slice(0, begin) + BEGIN + HEAD + VERIFY_SCHEMES.map(writeRow).join('') + page.slice(end)
}

function writeRow(scheme: VerifyScheme): string {
  const { form, page } = SCHEMES[scheme]
  const [signed, place, time, secret] = OWN[scheme] ?? (form === undefined ? fail(scheme) : describeForm(form))
  const cells = [`\`${scheme}\``, signed, place, coverOf(scheme), time, secret, `[page](${page})`]
  return `| ${cells.join(' | ')} |\n`
}

function fail(scheme: string): never {
  throw new Error(`${scheme} has a code of its own; say in OWN what the table says of it`)
}

function describeForm(form: SignatureForm): readonly [string, string, string, string] {
  const headers = [...form.signature, ...(form.otherSignatures ?? [])].map((name) => `\`${name}\``)
  const place = headers.length > 2 ? `${headers[0]} to ${headers.at(-1)}` : headers.join(' or ')
  return [describeKind(form), place === '' ? '`signature`' : place, describeTime(form), describeSecret(form)]
}

function describeKind({ keys, algorithm, encoding }: SignatureForm): string {
  if (typeof keys === 'object' || keys === 'ed25519') return `Ed25519, ${encoding}`
  if (keys === 'ecdsa') return `ECDSA P-256, ${encoding}`
  return `HMAC-${algorithm.toUpperCase()}, ${encoding}`
}

function describeTime({ grammar, timestamp, timestampField, toleranceMs }: SignatureForm): string {
  const isPair = grammar.kind === 'pairs' && grammar.timestamp !== undefined
  if (!isPair && timestamp === undefined && timestampField === undefined) return 'none'
  const tolerance = toleranceMs < 60_000 ? `${toleranceMs / 1000}s` : `${toleranceMs / 60_000}m`
  return timestampField === undefined ? tolerance : `${tolerance}, in the body`
}

function describeSecret({ keys, keyEncoding }: SignatureForm): string {
  if (typeof keys === 'object') return 'none: the sender publishes its keys'
  if (keys === 'standard') return keyEncoding === 'base64' ? 'base64, also behind `whsec_`' : 'as it is written'
  if (keys === 'hmac') return keyEncoding === 'utf8' ? 'as it is written' : keyEncoding
  return `public key, ${keyEncoding}`
}

function coverOf(scheme: VerifyScheme): string {
  if (scheme === 'hmac' || scheme === 'ed25519') return 'what `signed` reads'
  const spec = SCHEMES[scheme].needsSecret ? { scheme, secret: 'a:b' } : { scheme }
  return describeCoverage(coverageOf(specOf(spec))).replaceAll(/\b[a-z\d]+(?:-[a-z\d]+)+\b/g, '`$&`')
}
