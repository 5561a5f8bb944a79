import { GITHUB, GITLAB, SHOPIFY, SLACK, STRIPE, TWILIO } from './events'
import { FAL } from './fal'
import { OPENAI, REPLICATE } from './models'
import { GENERIC, STANDARD_WEBHOOKS } from './own'
import type { Provider } from './provider'

const TABLE = {
  generic: GENERIC,
  replicate: REPLICATE,
  fal: FAL,
  openai: OPENAI,
  stripe: STRIPE,
  github: GITHUB,
  gitlab: GITLAB,
  slack: SLACK,
  twilio: TWILIO,
  shopify: SHOPIFY,
  'standard-webhooks': STANDARD_WEBHOOKS,
  svix: { ...STANDARD_WEBHOOKS, scheme: 'svix' },
} satisfies Readonly<Record<string, Provider>>

/** The name of a service for which `init` writes a project. */
export type InitProvider = keyof typeof TABLE

/** The services for which `init` writes a project; the first one is the default. */
export const INIT_PROVIDERS: Readonly<Record<InitProvider, Provider>> = TABLE
