import { describe, expect, test } from '@jest/globals'
import OpenAI from 'openai'
import { SECRET, signStandard } from './standard-sent'
import { type Answer, type Asked, gist, type Provider, requestOf, type Sent, useRecipe } from './use-recipe'

const KEY = 'sk-test'
const FORGED = 'whsec_YW5vdGhlci1zZWNyZXQtb2YtdGhlLXRlc3Q='
const ID = 'resp_686eef60237881a2bd1180bb8b13de43'
/** What the API answers, where these are other fields; from its reference of the Responses API. */
const RESPONSE = {
  id: ID,
  object: 'response',
  created_at: 1_751_052_640,
  status: 'completed',
  background: true,
  error: null,
  incomplete_details: null,
  model: 'gpt-5-mini-2025-08-07',
  output: [
    { id: 'rs_1', type: 'reasoning', summary: [] },
    {
      id: 'msg_1',
      type: 'message',
      status: 'completed',
      role: 'assistant',
      content: [{ type: 'output_text', annotations: [], logprobs: [], text: 'A small animal.' }],
    },
  ],
}

const recipes = useRecipe('openai', { OPENAI_API_KEY: KEY, OPENAI_WEBHOOK_SECRET: SECRET })

function event(type: string, id = ID): object {
  return { id: 'evt_1', object: 'event', created_at: 1_751_052_700, type, data: { id } }
}

/** Takes a response, calls back before it answers that, and shows the response when it is asked for. */
function createProvider(answers: number[], ...sents: readonly Sent[]): Provider {
  return async ({ method }, recipe) => {
    if (method === 'GET') return Response.json(RESPONSE)
    for (const sent of sents) answers.push((await recipe.callBack('https://app.example.com/openai', sent)).status)
    return Response.json({ ...RESPONSE, status: 'queued', output: [] })
  }
}

async function run(
  ...sents: readonly Sent[]
): Promise<{ answer: Answer; asked: readonly Asked[]; statuses: number[] }> {
  const statuses: number[] = []
  const recipe = await recipes.start(createProvider(statuses, ...sents))
  const answer = await recipe.ask('/answers', { question: 'What is a cat?' })
  return { answer, asked: recipe.asked, statuses }
}

describe('the recipe for background responses of OpenAI', () => {
  test('starts and fetches as the official package does', async () => {
    const { asked } = await run(signStandard(event('response.completed')))
    const ask = (call: (client: OpenAI) => Promise<unknown>): Promise<Asked> =>
      requestOf(
        (fetch) => call(new OpenAI({ apiKey: KEY, fetch })),
        () => Response.json(RESPONSE),
      )
    const body = { model: 'gpt-5-mini', background: true, input: 'What is a cat?' }
    const officials = [
      await ask((client) => client.responses.create(body)),
      await ask((client) => client.responses.retrieve(ID)),
    ]
    // The package names a content type where there is no body, too.
    const gists = (all: readonly Asked[]): object[] => all.map((one) => ({ ...gist(one), type: undefined }))
    expect(gists(asked)).toEqual(gists(officials))
  })

  test.each(['response.completed', 'response.failed', 'response.cancelled', 'response.incomplete'])(
    'takes the %s that the official package takes',
    async (type) => {
      const { body, headers } = signStandard(event(type))
      const { webhooks } = new OpenAI({ apiKey: KEY, webhookSecret: SECRET })
      expect(await webhooks.unwrap(body, headers)).toEqual(event(type))
      await expect(webhooks.unwrap(body, headers, FORGED)).rejects.toThrow('signature')
    },
  )

  test.each<[string, readonly Sent[], readonly number[], Answer]>([
    [
      'answers with the text, also when the webhook comes before the answer',
      [signStandard(event('response.completed'))],
      [200],
      { status: 200, body: 'A small animal.' },
    ],
    [
      'lets webhooks for other responses of the project pass',
      [signStandard(event('response.completed', 'resp_2')), signStandard(event('response.completed'))],
      [200, 200],
      { status: 200, body: 'A small animal.' },
    ],
    [
      'refuses forged ones',
      [
        signStandard(event('response.failed'), FORGED),
        signStandard(event('response.failed'), SECRET, new Date(Date.now() - 600_000)),
        signStandard(event('response.completed')),
      ],
      [401, 401, 200],
      { status: 200, body: 'A small animal.' },
    ],
    ...['response.failed', 'response.cancelled', 'response.incomplete'].map(
      (type): [string, readonly Sent[], readonly number[], Answer] => [
        `answers 502 for ${type}`,
        [signStandard(event(type))],
        [200],
        { status: 502, body: { error: 'ERR_CALLBACK_FAILED', message: expect.stringContaining(`"${type}"`) } },
      ],
    ),
  ])('%s', async (_title, sents, expected, answered) => {
    const { answer, statuses } = await run(...sents)
    expect(answer).toEqual(answered)
    expect(statuses).toEqual(expected)
  })

  test.each<[number, string]>([
    [401, 'Incorrect API key provided'],
    [400, 'Unsupported value'],
    [403, 'Country, region, or territory not supported'],
  ])('answers 502 for %i, and quotes OpenAI', async (status, message) => {
    const recipe = await recipes.start(() =>
      Response.json({ error: { message, type: 'error', code: null } }, { status }),
    )
    expect(await recipe.ask('/answers', { question: 'What is a cat?' })).toEqual({
      status: 502,
      body: { error: 'ERR_HTTP_STATUS', message: expect.stringContaining(message) },
    })
  })
})
