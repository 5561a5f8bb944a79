import { type Scheme, signs } from '../scheme'
import { STANDARD } from '../signature/form'

/** The senders that sign by Standard Webhooks, most of them through Svix. A preset is one row. */
export const BY_STANDARD = {
  'standard-webhooks': signs({
    ...STANDARD,
    page: 'https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md',
  }),
  svix: signs({ ...STANDARD, page: 'https://docs.svix.com/receiving/verifying-payloads/how-manual' }),
  replicate: signs({ ...STANDARD, page: 'https://replicate.com/docs/topics/webhooks/verify-webhook' }),
  openai: signs({ ...STANDARD, page: 'https://platform.openai.com/docs/guides/webhooks' }),
  recall: signs({ ...STANDARD, page: 'https://docs.recall.ai/docs/authenticating-requests-from-recallai' }),
  resend: signs({ ...STANDARD, page: 'https://resend.com/docs/webhooks/verify-webhooks-requests' }),
  clerk: signs({ ...STANDARD, page: 'https://clerk.com/docs/reference/backend/verify-webhook' }),
  'dodo-payments': signs({ ...STANDARD, page: 'https://docs.dodopayments.com/developer-resources/webhooks' }),
  lithic: signs({ ...STANDARD, page: 'https://docs.lithic.com/docs/events-api#verifying-webhooks' }),
  liveblocks: signs({ ...STANDARD, page: 'https://liveblocks.io/docs/platform/webhooks' }),
  // The secret is the key as it is written; other senders write theirs as base64.
  polar: signs({ ...STANDARD, page: 'https://polar.sh/docs/integrate/webhooks/delivery', keyEncoding: 'utf8' }),
  finch: signs({
    ...STANDARD,
    page: 'https://github.com/Finch-API/finch-api-node',
    signature: ['finch-signature'],
    timestamp: ['finch-timestamp'],
    id: ['finch-event-id'],
  }),
} satisfies Readonly<Record<string, Scheme>>
