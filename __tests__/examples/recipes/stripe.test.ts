import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { createEvent } from '../../../lib/cli/send/events/events'
import { gist, type Recipe, requestOf, type Sent, useRecipe } from './use-recipe'

interface StripeClient {
  readonly checkout: { readonly sessions: { create(session: object): Promise<unknown> } }
}

// Typed by the shape that is called, as in verify/official-senders.ts.
const Stripe: {
  new (key: string, options: object): StripeClient
  createFetchHttpClient(fetch: typeof globalThis.fetch): object
  readonly webhooks: {
    generateTestHeaderString(options: { payload: string; secret: string; timestamp: number }): string
    constructEvent(payload: string, header: string, secret: string): object
  }
} = require('stripe')

const KEY = 'sk_test_1'
const SECRET = 'whsec_test'
const ID = 'cs_test_1'
const ORDER = { order: 'order-1042', price: 'price_1', success_url: 'https://shop.example.com/thanks' }
const PAID = { order: 'order-1042', total: 2500, currency: 'eur' }

const recipes = useRecipe('stripe', { STRIPE_SECRET_KEY: KEY, STRIPE_WEBHOOK_SECRET: SECRET })

let dataDir: string

beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'recipe-stripe-'))
})

afterEach(() => rmSync(dataDir, { recursive: true, force: true }))

function start(
  answer = Response.json({ id: ID, url: 'https://checkout.stripe.com/c/pay/cs_test_1' }),
): Promise<Recipe> {
  return recipes.start(() => answer.clone(), { DATA_DIR: dataDir })
}

/** An event of a Checkout Session, signed by the official package. */
function sign(type: string, session: object, secret = SECRET, atS = Math.floor(Date.now() / 1000)): Sent {
  const event = Object(createEvent({ provider: 'stripe', event: 'checkout.session.completed' }, Date.now())?.body)
  const object = { ...event.data.object, id: ID, client_reference_id: ORDER.order, ...session }
  const body = JSON.stringify({ ...event, type: `checkout.session.${type}`, data: { object } })
  const signature = Stripe.webhooks.generateTestHeaderString({ payload: body, secret, timestamp: atS })
  return { body, headers: { 'content-type': 'application/json; charset=utf-8', 'stripe-signature': signature } }
}

/** Asks for an order until it has ended. */
async function endOf({ ask }: Recipe, task: string): Promise<object> {
  for (;;) {
    const { body } = await ask(`/orders/${task}`)
    if (Object(body).status !== 'running') return Object(body)
  }
}

const PENDING = sign('completed', { payment_status: 'unpaid' })

describe('the recipe for Stripe', () => {
  test('asks as the official package does, with a key that lets a repeated request make no second session', async () => {
    const recipe = await start()
    await recipe.ask('/orders', ORDER)
    const official = await requestOf(
      (fetch) => {
        const client = new Stripe(KEY, { httpClient: Stripe.createFetchHttpClient(fetch) })
        return client.checkout.sessions.create({
          mode: 'payment',
          client_reference_id: ORDER.order,
          line_items: [{ price: ORDER.price, quantity: 1 }],
          success_url: ORDER.success_url,
        })
      },
      () => Response.json({ id: ID }),
    )
    const [asked] = recipe.asked
    expect(asked && gist(asked)).toEqual(gist(official))
    expect(asked?.headers.get('idempotency-key')).toMatch(/^\S{16,255}$/)
  })

  test.each<[string, readonly Sent[], readonly number[], object]>([
    ['paid by card', [sign('completed', {})], [200], { status: 'succeeded', output: PAID }],
    [
      'paid by a bank days later, told twice',
      [PENDING, PENDING, sign('async_payment_succeeded', {}), sign('async_payment_succeeded', {})],
      [200, 200, 200, 200],
      { status: 'succeeded', output: PAID },
    ],
    [
      'free',
      [sign('completed', { payment_status: 'no_payment_required', amount_total: 0 })],
      [200],
      { status: 'succeeded', output: { ...PAID, total: 0 } },
    ],
    [
      'refused by the bank',
      [PENDING, sign('async_payment_failed', { payment_status: 'unpaid' })],
      [200, 200],
      { status: 'failed', error: expect.stringContaining('"checkout.session.async_payment_failed unpaid"') },
    ],
    [
      'left by the customer',
      [sign('expired', { payment_status: 'unpaid', status: 'expired' })],
      [200],
      { status: 'failed', error: expect.stringContaining('"checkout.session.expired unpaid"') },
    ],
    [
      'paid, after forged, old and foreign events',
      [
        sign('completed', { amount_total: 1 }, 'whsec_other'),
        sign('completed', { amount_total: 1 }, SECRET, Math.floor(Date.now() / 1000) - 600),
        sign('completed', { amount_total: 1, client_reference_id: undefined }),
        sign('completed', {}),
      ],
      [401, 401, 200, 200],
      { status: 'succeeded', output: PAID },
    ],
  ])('an order that is %s', async (_title, sents, statuses, expected) => {
    const recipe = await start()
    const { status, body } = await recipe.ask('/orders', ORDER)
    expect({ status, body }).toEqual({
      status: 201,
      body: { task: expect.any(String), url: 'https://checkout.stripe.com/c/pay/cs_test_1' },
    })
    const answers: number[] = []
    for (const sent of sents) answers.push((await recipe.callBack('https://app.example.com/stripe', sent)).status)
    expect(answers).toEqual(statuses)
    expect(await endOf(recipe, Object(body).task)).toEqual(expected)
  })

  test('a payment counts that comes after a restart', async () => {
    const before = await start()
    const { task } = Object((await before.ask('/orders', ORDER)).body)
    await before.stop() // SIGKILL

    const after = await start()
    const paid = after.says('Order order-1042 is paid')
    expect((await after.callBack('https://app.example.com/stripe', sign('completed', {}))).status).toBe(200)
    expect(await endOf(after, task)).toEqual({ status: 'succeeded', output: PAID })
    await paid
  })

  test.each([
    [401, 'Invalid API Key provided: sk_test_*'],
    [400, `No such price: 'price_1'`],
    [400, `Not a valid URL`],
  ])('answers 502 for %i, and quotes Stripe: %s', async (status, message) => {
    const error = { error: { message, type: 'invalid_request_error' } }
    const recipe = await start(Response.json(error, { status }))
    expect(await recipe.ask('/orders', ORDER)).toEqual({
      status: 502,
      body: { error: 'ERR_HTTP_STATUS', message: expect.stringContaining(message) },
    })
  })

  test.each([{}, { ...ORDER, order: '' }])('asks nothing without an order: %j', async (input) => {
    const recipe = await start()
    expect(await recipe.ask('/orders', input)).toEqual({ status: 400, body: { error: 'order is missing' } })
    expect(await recipe.ask('/orders/unknown')).toEqual({ status: 404, body: { error: 'there is no such order' } })
    expect(recipe.asked).toEqual([])
  })

  test('the official package takes the events of this test', () => {
    const { body, headers } = sign('completed', {})
    const header = headers['stripe-signature'] ?? ''
    expect(Stripe.webhooks.constructEvent(body, header, SECRET)).toMatchObject({ type: 'checkout.session.completed' })
    expect(() => Stripe.webhooks.constructEvent(body, header, 'whsec_other')).toThrow('signature')
  })
})
