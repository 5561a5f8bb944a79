import type { Sent } from './use-recipe'

const {
  Webhook,
}: {
  readonly Webhook: new (secret: string) => { sign(id: string, at: Date, raw: string): string }
} = require('standardwebhooks')

/** A secret of Standard Webhooks that nobody has. */
export const SECRET = 'whsec_dGhlLXNlY3JldC1vZi10aGUtdGVzdA=='

/** Signs a callback by the package of Standard Webhooks, as Replicate and OpenAI do. */
export function signStandard(body: object, secret: string = SECRET, at: Date = new Date()): Sent {
  const text = JSON.stringify(body)
  return {
    body: text,
    headers: {
      'content-type': 'application/json',
      'webhook-id': 'msg_1',
      'webhook-timestamp': String(Math.floor(at.getTime() / 1000)),
      'webhook-signature': new Webhook(secret).sign('msg_1', at, text),
    },
  }
}
