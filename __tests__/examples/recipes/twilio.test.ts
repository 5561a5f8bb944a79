import { describe, expect, test } from '@jest/globals'
import { type Answer, gist, type Provider, PUBLIC_URL, requestOf, type Sent, useRecipe } from './use-recipe'

interface TwilioClient {
  readonly messages: { create(message: object): Promise<unknown> }
}

interface TwilioRequest {
  readonly method: string
  readonly uri: string
  readonly headers: Readonly<Record<string, string>>
  readonly data: Readonly<Record<string, string>>
}

// Typed by the shape that is called: its own types need those of its HTTP client.
const twilio: {
  (sid: string, token: string, options: object): TwilioClient
  getExpectedTwilioSignature(token: string, url: string, fields: object): string
  validateRequest(token: string, signature: string, url: string, fields: object): boolean
} = require('twilio')

const SID = 'AC00000000000000000000000000000000'
const TOKEN = 'test-token'
const FROM = '+15005550006'
const INPUT = { to: '+15005550042', text: 'Paint a cat' }
/** What Twilio answers to a new message; from the reference of its Messages resource. */
const MESSAGE = {
  account_sid: SID,
  sid: 'SM1',
  status: 'queued',
  error_code: null,
  error_message: null,
  num_segments: '1',
}

const recipes = useRecipe('twilio', { TWILIO_AUTH_TOKEN: TOKEN, TWILIO_ACCOUNT_SID: SID, TWILIO_FROM: FROM })

type Fields = Readonly<Record<string, string>>

/** Signs a status callback by the official package. */
function sign(url: string, more: Fields, token = TOKEN): Sent {
  const fields = { AccountSid: SID, ApiVersion: '2010-04-01', From: FROM, To: INPUT.to, MessageSid: 'SM1', ...more }
  const signature = twilio.getExpectedTwilioSignature(token, url, fields)
  expect(twilio.validateRequest(TOKEN, signature, url, fields)).toBe(token === TOKEN)
  return {
    body: new URLSearchParams(fields).toString(),
    headers: { 'content-type': 'application/x-www-form-urlencoded', 'x-twilio-signature': signature },
  }
}

function createProvider(statuses: number[], sents: (url: string) => readonly Sent[]): Provider {
  return async ({ text }, recipe) => {
    const url = new URLSearchParams(text).get('StatusCallback') ?? ''
    for (const sent of sents(url)) statuses.push((await recipe.callBack(url, sent)).status)
    return Response.json(MESSAGE, { status: 201 })
  }
}

/** The request that the official package makes of a message. */
async function officialRequest(message: object): Promise<object> {
  const asked = await requestOf((fetch) => {
    const httpClient = {
      async request({ method, uri, headers, data }: TwilioRequest) {
        const authorization = `Basic ${Buffer.from(`${SID}:${TOKEN}`).toString('base64')}`
        const body = new URLSearchParams(data).toString()
        await fetch(uri, { method, headers: { ...headers, authorization }, body })
        return { statusCode: 201, body: MESSAGE }
      },
    }
    return twilio(SID, TOKEN, { httpClient }).messages.create(message)
  })
  return gist(asked)
}

describe('the recipe for Twilio', () => {
  test('asks as the official package does', async () => {
    const recipe = await recipes.start(createProvider([], (url) => [sign(url, { MessageStatus: 'delivered' })]))
    await recipe.ask('/messages', INPUT)
    const [asked] = recipe.asked
    const statusCallback = new URLSearchParams(asked?.text).get('StatusCallback')
    expect(statusCallback?.startsWith(`${PUBLIC_URL}/twilio?callback_id=tkt-`)).toBe(true)
    const official = await officialRequest({ to: INPUT.to, from: FROM, body: INPUT.text, statusCallback })
    expect(asked && gist(asked)).toEqual(official)
  })

  test.each<[string, (url: string) => readonly Sent[], readonly number[], Answer]>([
    [
      'answers once the message is delivered',
      (url) => ['queued', 'sending', 'sent', 'delivered'].map((MessageStatus) => sign(url, { MessageStatus })),
      [200, 200, 200, 200],
      { status: 200, body: { sid: 'SM1', status: 'delivered' } },
    ],
    [
      'refuses what another token or URL has signed',
      (url) => [
        sign(url, { MessageStatus: 'delivered' }, 'another-token'),
        sign(`${url}&more=1`, { MessageStatus: 'delivered' }),
        sign(url, { MessageStatus: 'failed', ErrorCode: '30008' }),
      ],
      [401, 401, 200],
      { status: 502, body: { error: 'ERR_CALLBACK_FAILED', message: expect.stringContaining('Twilio error 30008') } },
    ],
    ...['undelivered', 'failed', 'canceled'].map(
      (MessageStatus): [string, (url: string) => readonly Sent[], readonly number[], Answer] => [
        `answers 502 for ${MessageStatus}`,
        (url) => [sign(url, { MessageStatus, ErrorCode: '30003' })],
        [200],
        { status: 502, body: { error: 'ERR_CALLBACK_FAILED', message: expect.stringContaining('Twilio error 30003') } },
      ],
    ),
  ])('%s', async (_title, sents, expected, answered) => {
    const statuses: number[] = []
    const recipe = await recipes.start(createProvider(statuses, sents))
    expect(await recipe.ask('/messages', INPUT)).toEqual(answered)
    expect(statuses).toEqual(expected)
  })

  test.each([
    [400, 21_211, `The 'To' number +1 is not a valid phone number.`],
    [401, 20_003, 'Authenticate'],
    [400, 21_608, 'The number is unverified. Trial accounts cannot send messages to unverified numbers'],
  ])('answers 502 for %i, and quotes Twilio', async (status, code, message) => {
    const more_info = `https://www.twilio.com/docs/errors/${code}`
    const recipe = await recipes.start(() => Response.json({ code, message, more_info, status }, { status }))
    const { status: answered, body } = await recipe.ask('/messages', INPUT)
    expect({ answered, body }).toEqual({
      answered: 502,
      body: { error: 'ERR_HTTP_STATUS', message: expect.stringContaining(message) },
    })
    expect(JSON.stringify(body)).not.toContain(TOKEN)
  })
})
