import { generateKeyPairSync, sign } from 'node:crypto'

const keys = generateKeyPairSync('rsa', { modulusLength: 2048 })

/** What stands where Amazon publishes its certificate; a public key is read like one. */
export const CERTIFICATE = keys.publicKey.export({ format: 'pem', type: 'spki' }).toString()
export const CERTIFICATE_URL = 'https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-0123456789abcdef.pem'
export const TOPIC = 'arn:aws:sns:eu-west-1:123456789012:done'
export const SUBSCRIBE_URL = `https://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription&TopicArn=${TOPIC}&Token=2336412f37`

export type SnsMessage = Readonly<Record<string, unknown>>

const SIGNED = ['Message', 'MessageId', 'Subject', 'SubscribeURL', 'Timestamp', 'Token', 'TopicArn', 'Type']

/** Signs a message as Amazon SNS does, with these fields instead of its own; one that is undefined is left out. */
export function signSns(fields: SnsMessage = {}, version: '1' | '2' = '2'): SnsMessage {
  const message = {
    Type: 'Notification',
    MessageId: '22b80b92-fdea-4c2c-8f9d-bdfb0c7bf324',
    TopicArn: TOPIC,
    Subject: 'My First Message',
    Message: '{"id":"a","n":1}',
    Timestamp: '2012-05-02T00:54:06.655Z',
    SignatureVersion: version,
    SigningCertURL: CERTIFICATE_URL,
    UnsubscribeURL: 'https://sns.eu-west-1.amazonaws.com/?Action=Unsubscribe',
    ...fields,
  }
  const known = new Map<string, unknown>(Object.entries(message))
  const lines = SIGNED.flatMap((key) => (known.get(key) === undefined ? [] : [`${key}\n${String(known.get(key))}\n`]))
  const hash = version === '1' ? 'RSA-SHA1' : 'RSA-SHA256'
  return { ...message, Signature: sign(hash, Buffer.from(lines.join('')), keys.privateKey).toString('base64') }
}

/** A request to confirm a subscription, signed. */
export function confirmSns(fields: SnsMessage = {}): SnsMessage {
  const confirmation = { Subject: undefined, Message: 'You have chosen to subscribe', Token: '2336412f37' }
  return signSns({ Type: 'SubscriptionConfirmation', SubscribeURL: SUBSCRIBE_URL, ...confirmation, ...fields })
}
