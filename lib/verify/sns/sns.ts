import { verify } from 'node:crypto'
import { isMapping } from '../../base/plain'
import type { VerifySpec } from '../../config/sections/verify'
import { readCertificateUrl } from './amazon-hosts'
import { OWN_SCHEMES } from '../schemes'
import { decodeStrictly } from '../signature/bytes'
import { SignedMessage } from '../signature/message'
import { createCertificates } from './certificates'
import type { Verify, VerifyContext } from '../context'
import { unverified } from '../errors'
import { refuseOptions } from '../options'

type Message = Readonly<Record<string, unknown>>

const NOTIFICATION = OWN_SCHEMES.sns.fields ?? []
const CONFIRMATION = ['Message', 'MessageId', 'SubscribeURL', 'Timestamp', 'Token', 'TopicArn', 'Type']
const SIGNED: ReadonlyMap<unknown, readonly string[]> = new Map([
  ['Notification', NOTIFICATION],
  ['SubscriptionConfirmation', CONFIRMATION],
  ['UnsubscribeConfirmation', CONFIRMATION],
])
const HASHES: ReadonlyMap<unknown, string> = new Map([
  ['1', 'RSA-SHA1'],
  ['2', 'RSA-SHA256'],
])

/**
 * Amazon SNS signs some fields of its messages with a certificate that it publishes
 * (docs.aws.amazon.com/sns/latest/dg/sns-verify-signature-of-message.html). It signs for everybody who has an account
 * there: only `topic` says whose messages are meant.
 */
export function compileSns(spec: VerifySpec, context: VerifyContext): Verify {
  refuseOptions(spec, ['topics'])
  const topics = spec.topics && new Set(spec.topics)
  const certificates = createCertificates(context)

  async function check({ body }: SignedMessage): Promise<void> {
    if (!isMapping(body)) throw unverified('its body is no message of Amazon SNS')
    const content = writeSigned(body)
    if (topics && !topics.has(String(body['TopicArn']))) throw unverified('it is of another topic than "topic" names')
    const hash = HASHES.get(body['SignatureVersion'])
    if (hash === undefined) throw unverified('its SignatureVersion is neither "1" nor "2"')
    const signature = typeof body['Signature'] === 'string' ? decodeStrictly(body['Signature'], 'base64') : undefined
    if (signature === undefined) throw unverified('its Signature is not written as base64')
    const url = readCertificateUrl(body['SigningCertURL'])
    if (url === undefined) throw unverified('its SigningCertURL is no certificate of Amazon SNS')
    if (!verify(hash, content, await certificates.keyOf(url), signature)) throw unverified('its Signature does not fit')
  }

  return async (request, raw, params = {}) => {
    if (request.headers['x-amz-sns-rawdelivery'] === 'true')
      throw unverified('raw message delivery has no signature; turn it off for this subscription')
    const message = new SignedMessage(request, raw, params, context)
    await message.withBody(() => check(message))
  }
}

/**
 * Writes names and values in lines. Only a message may have lines of its own: it stands first, so that no other value can
 * be made of its end.
 */
function writeSigned(message: Message): Buffer {
  const keys = SIGNED.get(message['Type'])
  if (keys === undefined) throw unverified('its Type is none that Amazon SNS sends')
  const lines = keys.flatMap((key) => {
    const value = message[key]
    if (key === 'Subject' && (value === undefined || value === null)) return []
    if (typeof value !== 'string') throw unverified(`its ${key} is no text`)
    if (key !== 'Message' && value.includes('\n')) throw unverified(`its ${key} has several lines`)
    return [`${key}\n${value}\n`]
  })
  return Buffer.from(lines.join(''))
}
