import { describe, expect, test } from '@jest/globals'
import Replicate, { validateWebhook } from 'replicate'
import { createEvent } from '../../../lib/cli/send/events/events'
import { SECRET, signStandard } from './standard-sent'
import { gist, type Provider, PUBLIC_URL, type Recipe, requestOf, type Sent, useRecipe } from './use-recipe'

const TOKEN = 'r8_test'
const FORGED = 'whsec_YW5vdGhlci1zZWNyZXQtb2YtdGhlLXRlc3Q='

const recipes = useRecipe('replicate', { REPLICATE_API_TOKEN: TOKEN, REPLICATE_WEBHOOK_SECRET: SECRET })

/** The prediction as Replicate sends it, with other fields. */
function prediction(fields: object): object {
  return {
    ...Object(createEvent({ provider: 'replicate', event: 'completed' }, Date.now())?.body),
    id: 'p-1',
    ...fields,
  }
}

/** Answers 201 with the prediction, and calls back: before that answer where `isEarly`. */
function createProvider(answers: Answers, ...sents: readonly Sent[]): Provider {
  return async ({ text }, recipe) => {
    const { webhook } = JSON.parse(text)
    for (const sent of sents) answers.push((await recipe.callBack(webhook, sent)).status)
    return Response.json(prediction({ status: 'starting', output: null, completed_at: null }), { status: 201 })
  }
}

type Answers = number[]

async function paint(recipe: Recipe): Promise<unknown> {
  return await recipe.ask('/images', { prompt: 'a cat' })
}

describe('the recipe for Replicate', () => {
  test('asks as the official package does', async () => {
    const recipe = await recipes.start(createProvider([], signStandard(prediction({}))))
    await paint(recipe)
    const [asked] = recipe.asked
    const { webhook } = JSON.parse(asked?.text ?? '')
    expect(webhook).toMatch(new RegExp(`^${PUBLIC_URL}/replicate\\?callback_id=[\\w-]{32}$`))

    const official = await requestOf(async (fetch) => {
      const replicate = new Replicate({ auth: TOKEN, fetch: (input, init) => fetch(input, init) })
      await replicate.predictions.create({
        model: 'black-forest-labs/flux-schnell',
        input: { prompt: 'a cat' },
        webhook,
        webhook_events_filter: ['completed'],
      })
    })
    expect(asked && gist(asked)).toEqual(gist(official))
  })

  test('takes what the official package takes', async () => {
    const { body, headers } = signStandard(prediction({}))
    const from = {
      id: 'msg_1',
      timestamp: headers['webhook-timestamp'] ?? '',
      signature: headers['webhook-signature'] ?? '',
    }
    expect(await validateWebhook({ ...from, body, secret: SECRET })).toBe(true)
    expect(await validateWebhook({ ...from, body, secret: FORGED })).toBe(false)
  })

  test.each<[string, readonly Sent[], readonly number[], unknown]>([
    [
      'answers with the output, also when the callback comes before the 201',
      [signStandard(prediction({ output: ['https://replicate.delivery/1.png'] }))],
      [200],
      { status: 200, body: ['https://replicate.delivery/1.png'] },
    ],
    [
      'goes on waiting while it only starts and runs',
      [
        signStandard(prediction({ status: 'starting', output: null })),
        signStandard(prediction({ status: 'processing', output: null })),
        signStandard(prediction({ output: ['https://replicate.delivery/2.png'] })),
      ],
      [200, 200, 200],
      { status: 200, body: ['https://replicate.delivery/2.png'] },
    ],
    [
      'answers 502 with the reason of a prediction that failed',
      [signStandard(prediction({ status: 'failed', output: null, error: 'NSFW content detected' }))],
      [200],
      {
        status: 502,
        body: { error: 'ERR_CALLBACK_FAILED', message: expect.stringContaining('NSFW content detected') },
      },
    ],
    [
      'answers 502 for one that was canceled',
      [signStandard(prediction({ status: 'canceled', output: null, error: null }))],
      [200],
      { status: 502, body: { error: 'ERR_CALLBACK_FAILED', message: expect.stringContaining('"canceled"') } },
    ],
    [
      'refuses forged and old callbacks, and waits for the right one',
      [
        signStandard(prediction({ output: ['https://evil.example/1.png'] }), FORGED),
        signStandard(prediction({ output: ['https://evil.example/2.png'] }), SECRET, new Date(Date.now() - 600_000)),
        signStandard(prediction({ output: ['https://replicate.delivery/3.png'] })),
      ],
      [401, 401, 200],
      { status: 200, body: ['https://replicate.delivery/3.png'] },
    ],
  ])('%s', async (_title, sents, statuses, expected) => {
    const answers: Answers = []
    const recipe = await recipes.start(createProvider(answers, ...sents))
    expect(await paint(recipe)).toEqual(expected)
    expect(answers).toEqual(statuses)
  })

  test.each<[string, number, object, string]>([
    [
      'a wrong token',
      401,
      { title: 'Unauthenticated', detail: 'You did not pass a valid authentication token' },
      '401',
    ],
    ['no credit', 402, { title: 'Insufficient credit', detail: 'You have insufficient credit' }, '402'],
    ['a wrong input', 422, { title: 'Input validation failed', detail: '- input.prompt is required' }, '422'],
  ])('answers 502 for %s, and quotes Replicate', async (_title, status, body, quoted) => {
    const recipe = await recipes.start(() => Response.json({ ...body, status }, { status }))
    expect(await paint(recipe)).toEqual({
      status: 502,
      body: { error: 'ERR_HTTP_STATUS', message: expect.stringContaining(quoted) },
    })
  })
})
