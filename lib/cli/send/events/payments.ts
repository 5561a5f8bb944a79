import { type CreateSample, json, type Moment, toIso, toSeconds } from './sample'

const STRIPE_TYPE = 'application/json; charset=utf-8'

/** Events of Stripe (docs.stripe.com/api/events/object). */
export const STRIPE: Readonly<Record<string, CreateSample>> = {
  'checkout.session.completed': (moment) =>
    stripe(moment, 'checkout.session.completed', {
      id: `cs_test_${moment.createId(58)}`,
      object: 'checkout.session',
      amount_subtotal: 2500,
      amount_total: 2500,
      client_reference_id: 'order-1042',
      created: toSeconds(moment) - 90,
      currency: 'eur',
      customer: `cus_${moment.createId(14)}`,
      customer_details: { email: 'ada@example.com', name: 'Ada Example', phone: null, tax_exempt: 'none' },
      expires_at: toSeconds(moment) + 86_310,
      livemode: false,
      metadata: { order_id: '1042' },
      mode: 'payment',
      payment_intent: `pi_${moment.createId(24)}`,
      payment_method_types: ['card'],
      payment_status: 'paid',
      status: 'complete',
      success_url: 'https://shop.example.com/thanks',
      url: null,
    }),
  'payment_intent.succeeded': (moment) =>
    stripe(moment, 'payment_intent.succeeded', {
      id: `pi_${moment.createId(24)}`,
      object: 'payment_intent',
      amount: 2500,
      amount_capturable: 0,
      amount_received: 2500,
      capture_method: 'automatic',
      created: toSeconds(moment) - 30,
      currency: 'eur',
      customer: `cus_${moment.createId(14)}`,
      description: 'Order 1042',
      latest_charge: `ch_${moment.createId(24)}`,
      livemode: false,
      metadata: { order_id: '1042' },
      payment_method: `pm_${moment.createId(24)}`,
      payment_method_types: ['card'],
      status: 'succeeded',
    }),
}

function stripe(moment: Moment, type: string, object: object): ReturnType<CreateSample> {
  const body = {
    id: `evt_${moment.createId(24)}`,
    object: 'event',
    api_version: '2025-03-31.basil',
    created: toSeconds(moment),
    data: { object },
    livemode: false,
    pending_webhooks: 1,
    request: { id: `req_${moment.createId(14)}`, idempotency_key: null },
    type,
  }
  return { headers: {}, type: STRIPE_TYPE, body }
}

/** Events of Shopify (shopify.dev/docs/api/webhooks). */
export const SHOPIFY: Readonly<Record<string, CreateSample>> = {
  'orders/paid': (moment) =>
    json(
      {
        id: 5_402_118_763_021,
        admin_graphql_api_id: 'gid://shopify/Order/5402118763021',
        confirmed: true,
        created_at: toIso(moment, 60_000),
        currency: 'EUR',
        email: 'ada@example.com',
        financial_status: 'paid',
        fulfillment_status: null,
        line_items: [{ id: 13_907_245_711, title: 'A print of a cat', quantity: 1, price: '25.00', sku: 'CAT-1' }],
        name: '#1042',
        note_attributes: [],
        order_number: 1042,
        processed_at: toIso(moment),
        subtotal_price: '25.00',
        test: true,
        total_price: '25.00',
        updated_at: toIso(moment),
      },
      {
        'x-shopify-api-version': '2025-04',
        'x-shopify-event-id': moment.createId(32),
        'x-shopify-shop-domain': 'example.myshopify.com',
        'x-shopify-topic': 'orders/paid',
        'x-shopify-triggered-at': toIso(moment),
        'x-shopify-webhook-id': moment.createId(32),
      },
    ),
}
