import { createHash, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { createFalClient } from '@fal-ai/client'
import { describe, expect, test } from '@jest/globals'
import { createEvent } from '../../../lib/cli/send/events/events'
import { type Answer, gist, type Provider, PUBLIC_URL, requestOf, type Sent, useRecipe } from './use-recipe'

const KEY = 'key:test'
const ID = '764cabcf-b745-4b3e-ae38-1200304cf45b'
const ours = generateKeyPairSync('ed25519')
const other = generateKeyPairSync('ed25519')

const recipes = useRecipe('fal', { FAL_KEY: KEY })

/** The body of a webhook of fal, with other fields (docs.fal.ai/model-apis/model-endpoints/webhooks). */
function event(name: 'completed' | 'failed', fields: object = {}): object {
  const body = createEvent({ provider: 'fal', event: name }, Date.now())?.body
  return { ...Object(body), request_id: ID, gateway_request_id: ID, ...fields }
}

/** Signs as fal describes it; no package of fal does. */
function signFal(body: object, key: KeyObject = ours.privateKey, atMs: number = Date.now()): Sent {
  const text = JSON.stringify(body)
  const seconds = String(Math.floor(atMs / 1000))
  const content = [ID, 'user-1', seconds, createHash('sha256').update(text).digest('hex')].join('\n')
  return {
    body: text,
    headers: {
      'content-type': 'application/json',
      'x-fal-webhook-request-id': ID,
      'x-fal-webhook-user-id': 'user-1',
      'x-fal-webhook-timestamp': seconds,
      'x-fal-webhook-signature': sign(null, Buffer.from(content), key).toString('hex'),
    },
  }
}

function createProvider(statuses: number[], ...sents: readonly Sent[]): Provider {
  return async ({ url }, recipe) => {
    if (url.endsWith('/jwks.json')) return Response.json({ keys: [ours.publicKey.export({ format: 'jwk' })] })
    const webhook = new URL(url).searchParams.get('fal_webhook') ?? ''
    for (const sent of sents) statuses.push((await recipe.callBack(webhook, sent)).status)
    const at = `https://queue.fal.run/fal-ai/flux/requests/${ID}`
    return Response.json({
      request_id: ID,
      gateway_request_id: ID,
      response_url: at,
      status_url: `${at}/status`,
      cancel_url: `${at}/cancel`,
    })
  }
}

describe('the recipe for fal', () => {
  test('asks as the official package does, and fetches the keys where fal publishes them', async () => {
    const recipe = await recipes.start(createProvider([], signFal(event('completed'))))
    await recipe.ask('/images', { prompt: 'a cat' })
    const [asked, keys] = recipe.asked
    expect(keys?.url).toMatch(/^https:\/\/rest(\.alpha)?\.fal\.ai\/\.well-known\/jwks\.json$/)
    const webhookUrl = new URL(asked?.url ?? '').searchParams.get('fal_webhook') ?? ''
    expect(webhookUrl.startsWith(`${PUBLIC_URL}/fal?callback_id=tkt-`)).toBe(true)

    const official = await requestOf(async (fetch) => {
      const fal = createFalClient({ credentials: KEY, fetch, suppressLocalCredentialsWarning: true })
      await fal.queue.submit('fal-ai/flux/schnell', { input: { prompt: 'a cat' }, webhookUrl })
    })
    expect(asked && gist(asked)).toEqual(gist(official))
  })

  test.each<[string, readonly Sent[], readonly number[], Answer]>([
    [
      'answers with the images, also when the webhook comes first',
      [signFal(event('completed'))],
      [200],
      { status: 200, body: [expect.objectContaining({ content_type: 'image/png', width: 1024 })] },
    ],
    [
      'refuses forged and old webhooks',
      [
        signFal(event('failed'), other.privateKey),
        signFal(event('failed'), ours.privateKey, Date.now() - 600_000),
        { ...signFal(event('failed')), body: JSON.stringify(event('completed', { payload: { images: [] } })) },
        signFal(event('completed')),
      ],
      [401, 401, 401, 200],
      { status: 200, body: [expect.objectContaining({ content_type: 'image/png' })] },
    ],
    [
      'answers 502 with the reason of a request that failed',
      [signFal(event('failed'))],
      [200],
      {
        status: 502,
        body: { error: 'ERR_CALLBACK_FAILED', message: expect.stringContaining('Invalid status code: 422') },
      },
    ],
    [
      'gives null where fal could not send the payload',
      [signFal(event('completed', { payload: null, payload_error: 'Response payload is not JSON serializable.' }))],
      [200],
      { status: 200, body: null },
    ],
  ])('%s', async (_title, sents, expected, answered) => {
    const statuses: number[] = []
    const recipe = await recipes.start(createProvider(statuses, ...sents))
    expect(await recipe.ask('/images', { prompt: 'a cat' })).toEqual(answered)
    expect(statuses).toEqual(expected)
  })

  test.each([
    [401, 'Cannot access application "fal-ai/flux/schnell". Authentication is required to access this application.'],
    [403, 'User is locked. Reason: Exhausted balance.'],
    [404, 'Application "flux" not found'],
  ])('answers 502 for %i, and quotes fal', async (status, detail) => {
    const recipe = await recipes.start(() => Response.json({ detail }, { status }))
    const { status: answered, body } = await recipe.ask('/images', { prompt: 'a cat' })
    const quoted = JSON.stringify(detail).slice(1, 40)
    expect({ answered, body }).toEqual({
      answered: 502,
      body: { error: 'ERR_HTTP_STATUS', message: expect.stringContaining(quoted) },
    })
  })
})
