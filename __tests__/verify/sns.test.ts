import https from 'node:https'
import { EventEmitter } from 'node:events'
import { afterEach, describe, expect, jest, test } from '@jest/globals'
import { callbacks, type CallbacksConfig } from '../../lib'
import { problemsOf } from '../config/problems'
import { type Host, useHosts } from '../helpers/use-hosts'
import {
  CERTIFICATE,
  CERTIFICATE_URL,
  confirmSns,
  signSns,
  type SnsMessage,
  SUBSCRIBE_URL,
  TOPIC,
} from '../helpers/sns-sender'

const Validator: new () => {
  validate(message: object, callback: (error: Error | null) => void): void
} = require('sns-validator')

const hosts = useHosts()
afterEach(() => void jest.restoreAllMocks())

const listener = {
  path: '/sns',
  item: '${body.Message as json}',
  identify_by: '${item.id}',
  verify: { scheme: 'sns', topic: TOPIC },
}

/** A host whose fetches are noted and answered by `answer`, by default with the certificate. */
async function openHost(
  more: object = {},
  answer: (url: string) => Response | Promise<Response> = () => new Response(CERTIFICATE),
) {
  const fetched: string[] = []
  const fetch = (url: unknown): Promise<Response> => {
    fetched.push(String(url))
    return Promise.resolve(answer(String(url)))
  }
  const host = await hosts.open({ listener: { ...listener, ...more } } as CallbacksConfig, {
    fetch,
  })
  return { ...host, fetched }
}

async function send(
  { post }: Host,
  message: SnsMessage,
  headers: Record<string, string> = {},
): Promise<readonly [number, string]> {
  const answer = await post('/sns')
    .set({ 'content-type': 'text/plain; charset=UTF-8', ...headers })
    .send(JSON.stringify(message))
  return [answer.status, answer.text]
}

const REFUSED = [401, '{"error":"ERR_UNVERIFIED"}']

/** What the package says, which reads certificates by `https.get`. */
async function isAccepted(message: SnsMessage): Promise<boolean> {
  jest.spyOn(https, 'get').mockImplementation(((_url: unknown, onAnswer: (answer: EventEmitter) => void) => {
    const answer = Object.assign(new EventEmitter(), { statusCode: 200 })
    onAnswer(answer)
    answer.emit('data', CERTIFICATE)
    answer.emit('end')
    return new EventEmitter()
  }) as never)
  return new Promise((resolve) =>
    new Validator().validate(JSON.parse(JSON.stringify(message)), (error) => resolve(error === null)),
  )
}

describe('a message of Amazon SNS', () => {
  test.each<[string, SnsMessage]>([
    ['a notification', signSns()],
    ['one with the older signature', signSns({}, '1')],
    ['one without a subject', signSns({ Subject: undefined })],
    ['a message of several lines', signSns({ Message: '{"id":"a",\n"MessageId\\n":"x",\n"n":1}' })],
    ['text beyond ASCII', signSns({ Message: '{"id":"a","n":1,"é":"🚀"}' })],
    [
      'the certificate of China',
      signSns({ SigningCertURL: CERTIFICATE_URL.replace('eu-west-1.amazonaws.com', 'cn-north-1.amazonaws.com.cn') }),
    ],
  ])('is believed, by the package too: %s', async (_name, message) => {
    const host = await openHost()
    const wait = host.hooks.wait('a')
    expect(await send(host, message)).toEqual([200, ''])
    await expect(wait).resolves.toMatchObject({ id: 'a', n: 1 })
    expect(host.fetched).toEqual([message['SigningCertURL']])
    expect(await isAccepted(message)).toBe(true)
  })

  test.each(['Message', 'MessageId', 'Subject', 'Timestamp', 'TopicArn', 'Type', 'Signature'])(
    'is refused with another %s',
    async (key) => {
      const host = await openHost({ verify: 'sns' })
      const message = signSns()
      for (const value of [
        `${String(message[key])}x`,
        '',
        `x${String(message[key])}`,
        String(message[key]).toLowerCase() + ' ',
        7,
        undefined,
      ])
        expect([value, await send(host, { ...message, [key]: value })]).toEqual([value, REFUSED])
      expect(host.hooks.stats()).toMatchObject({ received: 0 })
    },
  )

  test.each<[string, SnsMessage, Record<string, string>?]>([
    ['another topic', signSns({ TopicArn: `${TOPIC}-2` })],
    ['another version', { ...signSns(), SignatureVersion: '3' }],
    ['a foreign certificate', signSns({ SigningCertURL: 'https://evil.example/SimpleNotificationService-1.pem' })],
    ['a certificate by http', signSns({ SigningCertURL: CERTIFICATE_URL.replace('https', 'http') })],
    ['a name before that of Amazon', signSns({ SigningCertURL: CERTIFICATE_URL.replace('sns.', 'evil.sns.') })],
    [
      'a name behind that of Amazon',
      signSns({ SigningCertURL: CERTIFICATE_URL.replace('.com/', '.com.evil.example/') }),
    ],
    ['a bucket of Amazon', signSns({ SigningCertURL: CERTIFICATE_URL.replace('sns.eu-west-1', 'evil.s3') })],
    [
      'a user',
      signSns({ SigningCertURL: CERTIFICATE_URL.replace('https://', 'https://sns.eu-west-1.amazonaws.com@') }),
    ],
    ['another port', signSns({ SigningCertURL: CERTIFICATE_URL.replace('.com/', '.com:8443/') })],
    ['another file', signSns({ SigningCertURL: CERTIFICATE_URL.replace('SimpleNotificationService-', 'x/') })],
    ['a query', signSns({ SigningCertURL: `${CERTIFICATE_URL}?x=.pem` })],
    ['no URL', signSns({ SigningCertURL: 'sns' })],
    ['raw delivery', signSns(), { 'x-amz-sns-rawdelivery': 'true' }],
    ['lines in what is no message', signSns({ Subject: 'x\nTimestamp\ny' })],
  ])('is refused with %s, and nothing is fetched', async (_name, message, headers = {}) => {
    const host = await openHost()
    expect(await send(host, message, headers)).toEqual(REFUSED)
    expect(host.fetched).toEqual([])
  })

  test('is refused with the other version, under which it is another signature', async () => {
    const host = await openHost()
    expect(await send(host, { ...signSns(), SignatureVersion: '1' })).toEqual(REFUSED)
    expect(await send(host, { ...signSns({}, '1'), SignatureVersion: '2' })).toEqual(REFUSED)
  })

  test('cannot be cut in two ways', async () => {
    const host = await openHost({ identify_by: '${body.MessageId}', item: '${body.Message}' })
    const message = signSns({ Message: 'x\nMessageId\nvictim\nSubject\ny', Subject: 'z' })
    const { MessageId } = message
    const forged = {
      ...message,
      Message: 'x',
      MessageId: 'victim',
      Subject: `y\nMessageId\n${String(MessageId)}\nSubject\nz`,
    }
    expect(await isAccepted(forged)).toBe(true)
    expect(await send(host, forged)).toEqual(REFUSED)
  })

  test('needs its certificate once a day, and once for all that come meanwhile', async () => {
    const host = await openHost()
    await Promise.all([1, 2, 3].map(() => send(host, signSns())))
    await send(host, signSns())
    expect(host.fetched).toHaveLength(1)
    host.clock.advance(86_400_001)
    await send(host, signSns())
    expect(host.fetched).toHaveLength(2)
  })

  test('is answered 503 while its certificate cannot be fetched, and is believed when it comes again', async () => {
    let answer = (): Response => new Response('', { status: 500 })
    const host = await openHost({}, () => answer())
    expect(await send(host, signSns())).toEqual([503, '{"error":"ERR_SENDER_UNAVAILABLE"}'])
    answer = () => new Response(CERTIFICATE)
    expect(await send(host, signSns())).toEqual([200, ''])
  })

  test.each([
    ['is not there', () => new Response('', { status: 404 })],
    ['is none', () => new Response('hello')],
    ['is endless', () => new Response('x'.repeat(70_000))],
  ])('is refused when the certificate %s', async (_name, answer) => {
    const host = await openHost({}, answer)
    expect(await send(host, signSns())).toEqual(REFUSED)
  })

  test('that is forged causes ten requests a minute at most, whatever certificates it names', async () => {
    const host = await openHost({}, () => new Response('', { status: 404 }))
    for (let index = 0; index < 15; index += 1)
      await send(host, signSns({ SigningCertURL: CERTIFICATE_URL.replace('-0123', `-${index}`) }))
    expect(host.fetched).toHaveLength(10)
  })

  test('of every topic is believed without one, which is warned of', async () => {
    const host = await openHost({ verify: 'sns' })
    expect(await send(host, signSns({ TopicArn: 'arn:aws:sns:eu-west-1:2:other' }))).toEqual([200, ''])
    expect(host.log.map(({ message }) => message).join()).toContain('believes messages of every topic of Amazon SNS')
  })

  test.each([
    ['a secret', { scheme: 'sns', secret: 's' }, 'sns publishes its keys'],
    ['a topic of another scheme', { scheme: 'github', secret: 's', topic: TOPIC }, '"topic" has no meaning'],
  ])('is refused at start with %s', (_name, verify, message) => {
    const config = { listener: { path: '/sns', verify } } as CallbacksConfig
    expect(problemsOf(() => callbacks(config))).toMatchObject([{ message: expect.stringContaining(message) }])
  })
})

describe('a subscription of Amazon SNS', () => {
  const answer = (url: string): Response =>
    new Response(url === CERTIFICATE_URL ? CERTIFICATE : '<ConfirmSubscriptionResponse/>')

  test('is confirmed, once it is verified, and is no callback', async () => {
    const host = await openHost({}, answer)
    expect(await send(host, confirmSns())).toEqual([200, ''])
    expect(host.fetched).toEqual([CERTIFICATE_URL, SUBSCRIBE_URL])
    expect(host.hooks.stats()).toMatchObject({ received: 0, parked: 0 })
  })

  test.each<[string, SnsMessage, number]>([
    ['a signature of something else', { ...confirmSns(), Token: 'other' }, 1],
    ['another topic', confirmSns({ TopicArn: 'arn:aws:sns:eu-west-1:2:other' }), 0],
    ['a URL elsewhere', confirmSns({ SubscribeURL: 'https://evil.example/?Action=ConfirmSubscription' }), 1],
    ['a URL by http', confirmSns({ SubscribeURL: SUBSCRIBE_URL.replace('https', 'http') }), 1],
    ['a URL of another service', confirmSns({ SubscribeURL: SUBSCRIBE_URL.replace('sns.', 'sqs.') }), 1],
    ['a URL with a user', confirmSns({ SubscribeURL: SUBSCRIBE_URL.replace('https://', 'https://a:b@') }), 1],
  ])('is refused with %s', async (_name, message, fetched) => {
    const host = await openHost({}, answer)
    expect(await send(host, message)).toEqual(REFUSED)
    expect(host.fetched).toHaveLength(fetched)
  })

  test('is answered 503 when it cannot be confirmed, so that Amazon asks again', async () => {
    const host = await openHost({}, (url) =>
      url === CERTIFICATE_URL ? answer(url) : new Response('', { status: 500 }),
    )
    expect(await send(host, confirmSns())).toEqual([503, '{"error":"ERR_SENDER_UNAVAILABLE"}'])
  })

  test('that ends is acknowledged, and is no callback', async () => {
    const host = await openHost({}, answer)
    expect(await send(host, confirmSns({ Type: 'UnsubscribeConfirmation' }))).toEqual([200, ''])
    expect(host.fetched).toEqual([CERTIFICATE_URL])
    expect(host.hooks.stats()).toMatchObject({ received: 0, parked: 0 })
  })

  test('is left alone with challenge: false', async () => {
    const host = await openHost({ challenge: false, identify_by: '${body.MessageId}', item: '${body.Message}' }, answer)
    expect(await send(host, confirmSns())).toEqual([200, ''])
    expect(host.fetched).toEqual([CERTIFICATE_URL])
  })

  test('needs the scheme', () => {
    const config = { listener: { path: '/sns', challenge: 'sns' } } as CallbacksConfig
    expect(problemsOf(() => callbacks(config))).toMatchObject([
      {
        code: 'ERR_CONFIG_VALUE',
        at: 'listener.challenge',
        message: expect.stringContaining('it needs verify with scheme sns'),
      },
    ])
  })
})
