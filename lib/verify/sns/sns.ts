import { verify } from 'node:crypto'
import { isMapping } from '../../base/values/plain'
import type { VerifySpec, Verify, VerifyContext } from '../contract'
import { readCertificateUrl } from './amazon-hosts'
import { decodeStrictly } from '../signature/bytes'
import { SignedMessage } from '../signature/message'
import { createCertificates } from './certificates'
import { unverified } from '../errors'

type Message = Readonly<Record<string, unknown>>

/** The fields of a notification that are signed, in the order in which they are signed. */
export const SNS_FIELDS = ['Message', 'MessageId', 'Subject', 'Timestamp', 'TopicArn', 'Type']
const CONFIRMATION = ['Message', 'MessageId', 'SubscribeURL', 'Timestamp', 'Token', 'TopicArn', 'Type']
const SIGNED: ReadonlyMap<unknown, readonly string[]> = new Map([
  ['Notification', SNS_FIELDS],
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
 * there, so only `topic` names the topics that are believed.
 */
export function compileSns(spec: VerifySpec, context: VerifyContext): Verify {
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

/** Amazon signs for everybody who has an account there: without a topic, messages of any topic are believed. */
export function warnOfTopics({ topics }: VerifySpec): string | undefined {
  if (topics !== undefined) return undefined
  return (
    'believes messages of every topic of Amazon SNS, and anybody can have one; write verify: ' +
    '{scheme: sns, topic: "arn:aws:sns:…"}'
  )
}

/**
 * Writes names and values in lines. Only `Message` may hold line breaks: it is the first value, so its end cannot be taken
 * for another value.
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
