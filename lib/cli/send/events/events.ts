import { randomBytes } from 'node:crypto'
import { suggest, UsageError } from '../../syntax/usage-error'
import { SLACK, TWILIO } from './chats'
import { GITHUB } from './github'
import { FAL, OPENAI, REPLICATE, STANDARD_WEBHOOKS } from './models'
import { SHOPIFY, STRIPE } from './payments'
import type { CreateSample, SampleEvent } from './sample'

const PROVIDERS: Readonly<Record<string, Readonly<Record<string, CreateSample>>>> = {
  stripe: STRIPE,
  github: GITHUB,
  replicate: REPLICATE,
  fal: FAL,
  openai: OPENAI,
  slack: SLACK,
  twilio: TWILIO,
  shopify: SHOPIFY,
  'standard-webhooks': STANDARD_WEBHOOKS,
}

/** The names of all providers. */
export const PROVIDER_NAMES: readonly string[] = Object.keys(PROVIDERS)

/**
 * Creates the event of a provider that the command line names, at a time in milliseconds since the epoch; undefined when it
 * names none. Throws a UsageError for a name that is unknown.
 */
export function createEvent(
  { provider, event }: { readonly provider: string | undefined; readonly event: string | undefined },
  now: number,
): SampleEvent | undefined {
  if (provider === undefined) {
    if (event === undefined) return undefined
    throw new UsageError(`--event needs the provider, as in --provider stripe --event ${event}`)
  }
  const events = pick(PROVIDERS, provider, '--provider')
  const name = event ?? Object.keys(events)[0] ?? ''
  return pick(events, name, `--event of ${provider}`)({ now, createId })
}

function pick<T>(table: Readonly<Record<string, T>>, name: string, option: string): T {
  const found = Object.hasOwn(table, name) ? table[name] : undefined
  if (found !== undefined) return found
  throw new UsageError(`${option} cannot be ${JSON.stringify(name)}. ${suggest(name, Object.keys(table))}`)
}

function createId(length: number): string {
  return randomBytes(length).toString('hex').slice(0, length)
}
