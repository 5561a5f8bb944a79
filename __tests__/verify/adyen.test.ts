import { createHmac } from 'node:crypto'
import { describe, expect, test } from '@jest/globals'
import express from 'express'
import { callbacks, type CallbacksConfig } from '../../lib'
import { problemsOf } from '../config/problems'
import { useHosts } from '../helpers/use-hosts'

const hosts = useHosts()
const KEY = '44782DEF547AAA06C910C43932B1EB0C71FC68D9D0C057550C48EC2ACF6BA056'
const PAYMENT = {
  pspReference: '7914073381342284',
  originalReference: '',
  merchantAccountCode: 'TestMerchant',
  merchantReference: 'TestPayment-1407325143704',
  amount: { value: 1130, currency: 'EUR' },
  eventCode: 'AUTHORISATION',
  success: 'true',
}
const SIGNATURE = 'coqCmt/IZ4E3CzPvMY8zTjQVL5hYJUiBRg8UU+iCWo0='

function item(fields: object = {}, hmacSignature: unknown = SIGNATURE): object {
  return { ...PAYMENT, ...fields, additionalData: { hmacSignature, other: 'x' } }
}

function sign(text: string): string {
  return createHmac('sha256', Buffer.from(KEY, 'hex')).update(text).digest('base64')
}

const adyen = {
  path: '/adyen',
  bulk: true,
  item: '${body.notificationItems}',
  identify_by: '${item.NotificationRequestItem.pspReference}',
  result: '${item.NotificationRequestItem.eventCode}',
  response: { body: '[accepted]' },
  verify: { scheme: 'adyen', secret: KEY },
}

async function open(more: object = {}) {
  const host = await hosts.open({ listener: { ...adyen, ...more } } as CallbacksConfig)
  const send = async (...items: readonly object[]): Promise<readonly [number, string]> => {
    const notificationItems = items.map((NotificationRequestItem) => ({ NotificationRequestItem }))
    const answer = await host.post('/adyen').send({ live: 'false', notificationItems })
    return [answer.status, answer.text]
  }
  return { ...host, send }
}

describe('an item that Adyen signs', () => {
  // Signed with hmacValidator.calculateHmac of @adyen/api-library 32.1.0.
  test.each<[string, object]>([
    ['a payment', item()],
    ['a colon in a reference', item({ merchantReference: 'order:7' }, 'p5o+idU+nM6rQK2ttEtjXAWF+6JZzFFfMXfm7agRhrE=')],
    [
      'a failed refund',
      item({ originalReference: '8312345', success: 'false' }, 'Qdkje8WcxSzVgZ+g+mY8dRjVjHtl/lRwc5TV8uxJVgk='),
    ],
    [
      'text beyond ASCII',
      item(
        { merchantReference: 'Zoë 🚀', amount: { value: 0, currency: 'JPY' } },
        'Q7nvKl8jF1QA/DwLymLAOL9ntPKruVsRkY7ooCdtD28=',
      ),
    ],
    [
      'a colon that is escaped',
      item(
        { merchantReference: 'order:7' },
        sign('7914073381342284::TestMerchant:order\\:7:1130:EUR:AUTHORISATION:true'),
      ),
    ],
    ['a field that is left out', item({ originalReference: undefined })],
  ])('is believed: %s', async (_name, payment) => {
    const { hooks, send } = await open()
    const wait = hooks.wait(PAYMENT.pspReference)
    expect(await send(payment)).toEqual([200, '[accepted]'])
    await expect(wait).resolves.toBe('AUTHORISATION')
  })

  test.each<[string, object]>([
    ['pspReference', item({ pspReference: '7914073381342285' })],
    ['originalReference', item({ originalReference: 'x' })],
    ['merchantAccountCode', item({ merchantAccountCode: 'Other' })],
    ['merchantReference', item({ merchantReference: 'x' })],
    ['amount', item({ amount: { value: 1131, currency: 'EUR' } })],
    ['currency', item({ amount: { value: 1130, currency: 'USD' } })],
    ['eventCode', item({ eventCode: 'CAPTURE' })],
    ['success', item({ success: 'false' })],
    ['signature', item({}, sign('x'))],
    ['signature, which is missing', item({}, null)],
    ['signature, which is no text', item({}, [SIGNATURE])],
    [
      'border between its fields',
      item({ merchantAccountCode: 'TestMerchant:TestPayment-1407325143704', merchantReference: undefined }),
    ],
    ['field that is no text', item({ merchantReference: { toString: 'x' } })],
    [
      'key',
      item(
        {},
        createHmac('sha256', KEY)
          .update('7914073381342284::TestMerchant:TestPayment-1407325143704:1130:EUR:AUTHORISATION:true')
          .digest('base64'),
      ),
    ],
  ])('is refused with another %s', async (_name, payment) => {
    const { hooks, send } = await open()
    expect(await send(payment)).toEqual([401, '{"error":"ERR_UNVERIFIED"}'])
    expect(hooks.stats()).toMatchObject({ parked: 0, settled: 0, rejected: 2 })
  })

  test('cannot bring one with it that is forged; the others go on', async () => {
    const { hooks, send } = await open()
    const wait = hooks.wait(PAYMENT.pspReference)
    const victim = hooks.wait('victim')
    victim.catch(() => undefined)
    expect(await send(item({ pspReference: 'victim' }), item(), item({ pspReference: 'victim' }, null))).toEqual([
      200,
      '[accepted]',
    ])
    await expect(wait).resolves.toBe('AUTHORISATION')
    expect(hooks.stats()).toMatchObject({ waiting: 1, settled: 1, rejected: 2 })
  })

  test('may be taken out of its wrapping, or be alone', async () => {
    const bare = {
      item: '${body.notificationItems[*].NotificationRequestItem}',
      identify_by: '${item.pspReference}',
      result: '${item.eventCode}',
    }
    const alone = { ...bare, bulk: false, item: '${body.notificationItems[0].NotificationRequestItem}' }
    for (const more of [bare, alone]) {
      const { hooks, send } = await open(more)
      const wait = hooks.wait(PAYMENT.pspReference)
      expect(await send(item())).toEqual([200, '[accepted]'])
      await expect(wait).resolves.toBe('AUTHORISATION')
      expect(await send(item({ pspReference: 'victim' }))).toEqual([401, '{"error":"ERR_UNVERIFIED"}'])
    }
  })

  test('may have been parsed by the app, since its bytes are not signed', async () => {
    const { hooks, post } = await hosts.open({ listener: adyen } as CallbacksConfig, {}, (app, callback) =>
      app.use(express.json()).use(callback),
    )
    const send = async (one: object): Promise<number> =>
      (await post('/adyen').send({ notificationItems: [{ NotificationRequestItem: one }] })).status
    const wait = hooks.wait(PAYMENT.pspReference)
    expect([await send(item({ success: 'false' })), await send(item())]).toEqual([401, 200])
    await expect(wait).resolves.toBe('AUTHORISATION')
  })

  test('starts a workflow only when it is believed', async () => {
    const { identify_by: _id, result: _result, ...trigger } = adyen
    const { hooks, post } = await hosts.open({
      listener: { ...trigger, type: 'http-trigger' },
      workflow: { jobs: [{ component: 'logger' }] },
    } as CallbacksConfig)
    const notificationItems = [item(), item({ success: 'false' })].map((NotificationRequestItem) => ({
      NotificationRequestItem,
    }))
    expect((await post('/adyen').send({ notificationItems })).status).toBe(200)
    expect(hooks.stats()).toMatchObject({ started: 1, rejected: 1 })
  })

  test.each<[string, object, string]>([
    ['without items', { bulk: false, item: undefined }, 'listener.item'],
    ['with a key that is not hex', { verify: { scheme: 'adyen', secret: 'no hex' } }, 'listener.verify.secret'],
    ['with ids of what is not signed', { identify_by: '${item.additionalData.id}' }, 'listener.identify_by'],
    ['with ids of the request', { identify_by: '${body.id}' }, 'listener.identify_by'],
  ])('is refused at start %s', (_name, more, at) => {
    expect(problemsOf(() => callbacks({ listener: { ...adyen, ...more } } as CallbacksConfig))).toMatchObject([
      { code: 'ERR_CONFIG_VALUE', at },
    ])
  })
})

test.each([[true], [false]])('an endpoint without "item" is refused, with bulk: %s', (bulk) => {
  const { item: _unused, ...rest } = adyen
  const config = { listener: { ...rest, bulk, identify_by: '${body.id}' } } as CallbacksConfig
  expect(problemsOf(() => callbacks(config))).toMatchObject([
    { at: 'listener.item', message: expect.stringContaining('item: "${body.notificationItems}"') },
  ])
})
