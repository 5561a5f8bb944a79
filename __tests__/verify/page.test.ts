import { createHmac } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from '@jest/globals'
import { withPresetTable } from '../helpers/preset-table'
import { SCHEMES, VERIFY_SCHEMES } from '../../lib/verify/schemes'
import { OFFICIAL_SENDERS } from './official-senders'
import { NOW_S, useVerify } from './use-verify'

const SECRET = 's3cret'

const file = join(__dirname, '../../lib/verify/README.md')
const page = readFileSync(file, 'utf8')

// `npx jest --ci=false __tests__/verify/page.test.ts -u` writes the table.
test('the page lists the schemes as the table of schemes has them', () => {
  const wanted = withPresetTable(page)
  if (process.argv.includes('-u')) writeFileSync(file, wanted)
  else expect(page).toBe(wanted)
})

/** What the page says to write for senders without a preset, and what they send by their own pages. */
const RECIPES: readonly (readonly [string, object, (raw: string) => Record<string, string>])[] = [
  [
    'AssemblyAI',
    { scheme: 'token', signature: '${header.X-Callback-Token}' },
    () => ({ 'x-callback-token': SECRET, 'user-agent': 'AssemblyAI' }),
  ],
  [
    'Intercom',
    { scheme: 'hmac', algorithm: 'sha1', prefix: 'sha1=', signature: '${header.X-Hub-Signature}' },
    (raw) => ({ 'x-hub-signature': `sha1=${hmac(raw, 'sha1')}` }),
  ],
  ['Jira', { scheme: 'bitbucket' }, (raw) => ({ 'x-hub-signature': `sha256=${hmac(raw)}` })],
  [
    'Xero',
    { scheme: 'shopify', signature: '${header.X-Xero-Signature}' },
    (raw) => ({ 'x-xero-signature': Buffer.from(hmac(raw), 'hex').toString('base64') }),
  ],
  [
    'Calendly',
    { scheme: 'stripe', signature: '${header.Calendly-Webhook-Signature}', tolerance: '3m' },
    (raw) => ({ 'calendly-webhook-signature': `t=${NOW_S - 180},v1=${hmac(`${NOW_S - 180}.${raw}`)}` }),
  ],
  [
    'Mailgun',
    {
      scheme: 'hmac',
      signature: '${body.signature.signature}',
      timestamp: '${body.signature.timestamp}',
      signed: '${body.signature.timestamp}${body.signature.token}',
    },
    () => ({}),
  ],
]

test.each(RECIPES)('what it says of %s is right', (sender, recipe, sign) => {
  const row = page.split('\n').find((line) => line.startsWith(`| ${sender} |`)) ?? ''
  for (const [key, value] of Object.entries(recipe))
    expect(row).toMatch(new RegExp(`${key}: "?${escape(String(value))}`))
  const { refusal } = useVerify({ ...recipe, secret: SECRET })
  const signature = { timestamp: String(NOW_S), token: 't', signature: hmac(`${NOW_S}t`) }
  const raw = JSON.stringify({ id: '7', signature })
  const headers = { 'content-type': 'application/json', ...sign(raw) }
  expect(refusal({ raw, headers })).toBeUndefined()
  expect(useVerify({ ...recipe, secret: 'other' }).refusal({ raw, headers })).toContain('not verified')
})

function escape(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')
}

function hmac(text: string, algorithm = 'sha256'): string {
  return createHmac(algorithm, SECRET).update(text).digest('hex')
}

/** What holds the schemes that neither a vector nor an official sender does. */
const HELD_ELSEWHERE = {
  hmac: 'schemes.test.ts',
  ed25519: 'schemes.test.ts',
  token: 'schemes.test.ts',
  basic: 'schemes.test.ts',
  fal: 'fal.test.ts',
  hubspot: 'hubspot.test.ts',
  adyen: 'adyen.test.ts',
  sns: 'sns.test.ts',
  meta: 'schemes.test.ts: signed as GitHub does',
  zoom: 'schemes.test.ts: signed as Slack does',
}

test('every preset is held by its vendor: by its package, its page or a vector of either', () => {
  const vectors = ['signatures.json', 'vendors.json'].flatMap(
    (name): readonly { provider: string; valid: boolean }[] => {
      return JSON.parse(readFileSync(join(__dirname, '../fixtures', name), 'utf8'))
    },
  )
  const held = new Set([
    ...vectors.filter(({ valid }) => valid).map(({ provider }) => provider),
    ...OFFICIAL_SENDERS.map(({ verify }) => verify.scheme),
  ])
  expect(VERIFY_SCHEMES.filter((scheme) => !held.has(scheme)).sort()).toEqual(Object.keys(HELD_ELSEWHERE).sort())
})

test('no two kinds of schemes have a row of the same name', () => {
  expect(new Set(VERIFY_SCHEMES).size).toBe(Object.keys(SCHEMES).length)
  expect(VERIFY_SCHEMES.length).toBe(65)
})
