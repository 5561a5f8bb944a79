import { createHash } from 'node:crypto'
import { describe, expect, test } from '@jest/globals'
import request from 'supertest'
import { callbacks, type CallbacksConfig, parseConfig } from '../../lib'
import { VERIFY_SCHEMES } from '../../lib/verify/schemes'
import { problemsOf } from '../config/problems'
import { FAL_KEYS, type Signer, SIGNERS } from '../helpers/signers'
import { useHosts } from '../helpers/use-hosts'

const hosts = useHosts()
const PUBLIC_URL = 'https://hooks.example'
const KEYS = ['when', 'identify_by', 'dedupe_by', 'item'] as const

function configOf(
  { scheme, secret }: Pick<Signer, 'scheme' | 'secret'>,
  more: object,
  verify: object = {},
): CallbacksConfig {
  const callback = { path: '/done/:id', identify_by: '${body.id}', verify: { scheme, secret, ...verify }, ...more }
  return { listener: { public_url: PUBLIC_URL, callbacks: [callback] } } as CallbacksConfig
}

function refusals(config: CallbacksConfig): readonly string[] {
  return problemsOf(() => callbacks(config, { logger: SILENT })).map(({ at, code }) => `${at} ${code}`)
}

const SILENT = { debug: ignore, info: ignore, warn: ignore, error: ignore }
function ignore(): void {}

test('the table has every scheme but those that sign fields of the body or items, or a time in the body', () => {
  const known = new Set([...SIGNERS.map(({ scheme }) => scheme), 'hmac', 'ed25519', 'sns', 'adyen', 'linear'])
  expect([...known].sort()).toEqual([...VERIFY_SCHEMES].sort())
})

/** What templates can read of a request, and whether the proof of a sender covers it. */
function readsOf({ covers }: Signer): readonly (readonly [string, boolean])[] {
  const { all = false, body = all, url = all, headers = [] } = covers
  const other = ['x-github-delivery', 'x-other', 'content-type', 'host', 'webhook-idx', 'stripe-signature']
  return [
    ...['${body.id}', '${body}', '${body..id}', '${body.list[0].id}', '${body.a | ${body.b}}'].map(
      (one) => [one, body] as const,
    ),
    ...['${query.id}', '${params.id}', '${path}', '${query}', '${query["callback_id"]}'].map(
      (one) => [one, url] as const,
    ),
    ...['${body.id}-${query.id}', '${body.id | ${query.id}}', '${body.n + params.id}'].map(
      (one) => [one, url] as const,
    ),
    ...headers.map((name) => [`\${header.${name}}`, true] as const),
    ...headers.map((name) => [`\${header["${name.toUpperCase()}"] | x}`, true] as const),
    ...other.map((name) => [`\${header.${name}}`, all] as const),
    ['${header}', all],
    ['${method}', true],
    ['${env.HOME}', true],
    ['${method} ${env.HOME}', true],
  ]
}

describe.each(SIGNERS)('what the proof of $scheme covers', (signer) => {
  test.each(readsOf(signer))('%s may be an id: %s', (template, isCovered) => {
    for (const key of KEYS) {
      const found = refusals(configOf(signer, { [key]: template }))
      expect([key, found]).toEqual([key, isCovered ? [] : [`listener.callbacks[0].${key} ERR_CONFIG_VALUE`]])
      expect(refusals(configOf(signer, { [key]: template }, { unsigned_ids: true }))).toEqual([])
    }
  })

  test.each(readsOf(signer))('of a trigger, too: %s', (template, isCovered) => {
    const { scheme, secret } = signer
    const trigger = { path: '/done/:id', dedupe_by: template, workflow: 'w', verify: { scheme, secret } }
    const config = {
      listener: { type: 'http-trigger', public_url: PUBLIC_URL, triggers: [trigger] },
      workflows: { w: { jobs: [{ component: 'logger' }] } },
    } as CallbacksConfig
    expect(refusals(config)).toEqual(isCovered ? [] : ['listener.triggers[0].dedupe_by ERR_CONFIG_VALUE'])
  })

  test('is enough for a GET or a DELETE where that covers more than the body', () => {
    const { all, url } = signer.covers
    for (const method of ['GET', 'DELETE']) {
      const found = refusals(configOf(signer, { method, identify_by: undefined }))
      expect([method, found]).toEqual([method, all || url ? [] : ['listener.callbacks[0].verify ERR_CONFIG_VALUE']])
    }
  })

  const raw = '{"id":"a","n":1}'
  const hash = createHash('sha256').update(raw).digest('hex')
  const query = signer.scheme === 'twilio' ? `?bodySHA256=${hash}` : ''

  async function open() {
    const config = configOf(signer, { result: '${body.n}' })
    const fetch = (() => Promise.resolve(new Response(FAL_KEYS))) as unknown as typeof globalThis.fetch
    const host = await hosts.open(config, { fetch })
    const at = Math.floor(host.clock.now() / 1000)
    const headers = signer.sign({ method: 'POST', url: `${PUBLIC_URL}/done/7${query}`, raw }, at)
    const send = async (path: string, body: string, more: Record<string, string> = {}): Promise<number> => {
      const call = request(host.origin)
        .post(path)
        .set({ 'content-type': 'application/json', ...headers, ...more })
      return (await call.send(body)).status
    }
    return { ...host, send, headers }
  }

  test('is refused with any byte of it changed', async () => {
    const { all, body, url, headers: names = [] } = signer.covers
    const { hooks, send, headers } = await open()
    if (all) return
    if (body)
      for (const other of changesOf(raw)) expect([other, await send(`/done/7${query}`, other)]).toEqual([other, 401])
    if (url)
      for (const path of [`/done/8${query}`, `/done/7/${query}`, `/Done/7${query}`, `/done/7${query || '?a'}&id=b`])
        expect([path, await send(path, raw)]).toEqual([path, 401])
    for (const name of names.filter((one) => headers[one] !== undefined))
      expect([name, await send(`/done/7${query}`, raw, { [name]: `${headers[name]}1` })]).toEqual([name, 401])
    expect(hooks.stats()).toMatchObject({ received: 0, parked: 0 })
  })

  test('is the same callback with anything else changed', async () => {
    const { all, url } = signer.covers
    if (all) return
    const { hooks, send } = await open()
    const paths = url
      ? [`/done/7${query}`]
      : ['/done/7', '/done/8', '/done/7?id=b&n=2', '/done/7?callback_id=b', '/done/7/?x']
    const others: Record<string, string>[] = [
      { 'x-other': 'b', 'x-github-delivery': 'b', id: 'b' },
      { 'content-type': 'application/json; charset=utf-8' },
      { 'content-type': 'text/plain' },
      { 'x-forwarded-host': 'evil.example', 'x-forwarded-proto': 'http', 'x-original-url': '/done/8' },
    ]
    for (const path of paths) {
      for (const more of others) {
        const wait = hooks.wait('a')
        expect([path, more, await send(path, raw, more)]).toEqual([path, more, 200])
        await expect(wait).resolves.toBe(1)
      }
    }
    expect(hooks.stats()).toMatchObject({ parked: 0, waiting: 0, unidentified: 0 })
  })
})

function* changesOf(text: string): Generator<string> {
  for (let index = 0; index < text.length; index += 1) {
    const other = String.fromCharCode(text.charCodeAt(index) ^ 1)
    yield text.slice(0, index) + other + text.slice(index + 1)
  }
  yield `${text} `
  yield ` ${text}`
  yield text.slice(0, -1)
}

const SNS = { scheme: 'sns', secret: undefined }
const hmac = (signed: string, more: object = {}) => ({
  scheme: 'hmac',
  secret: 's3cret',
  signature: '${header.X-S}',
  signed,
  ...more,
})

describe('what a proof of its own kind covers', () => {
  test.each<[string, boolean]>([
    ['${body.MessageId}', true],
    ['${body.Message}', true],
    ['${body.Message.id}', true],
    ['${body.TopicArn}-${body.Subject}', true],
    ['${body.MessageAttributes.id.Value}', false],
    ['${body.UnsubscribeURL}', false],
    ['${body["Signature"]}', false],
    ['${body}', false],
    ['${body[*].Message}', false],
    ['${header.x-amz-sns-message-id}', false],
    ['${query.id}', false],
  ])('of sns: %s %s', (template, isCovered) => {
    const found = refusals(configOf(SNS, { identify_by: template }))
    expect(found).toEqual(isCovered ? [] : ['listener.callbacks[0].identify_by ERR_CONFIG_VALUE'])
  })

  test('of sns: fields of an item that is signed', () => {
    const item = '${body.Message as json}'
    expect(refusals(configOf(SNS, { item, identify_by: '${item.id}', dedupe_by: '${body.MessageId}' }))).toEqual([])
    expect(refusals(configOf(SNS, { item: '${body.MessageAttributes}', identify_by: '${item.id}' }))).toEqual([
      'listener.callbacks[0].item ERR_CONFIG_VALUE',
      'listener.callbacks[0].identify_by ERR_CONFIG_VALUE',
    ])
  })

  const timestamp = '${header.X-T}'
  test.each<[object, string, boolean]>([
    [hmac('${raw}'), '${body.id}', true],
    [hmac('${sha256}'), '${body.id}', true],
    [hmac('${raw as base64}'), '${body.id}', true],
    [hmac('${timestamp}.${raw}', { timestamp }), '${header.x-t}', true],
    [hmac('${id}.${raw}', { id: '${header.X-Id}' }), '${header.x-id}', true],
    [hmac('${header.X-Id}.${raw}'), '${header.X-ID}', true],
    [hmac('${header.X-Id}${timestamp}${raw}', { timestamp }), '${header.x-id}', true],
    [hmac('${raw}.${header.X-Id}'), '${header.x-id}', true],
    [hmac('${header.X-Id}${raw}'), '${header.x-id}', false],
    [hmac('${raw}${header.X-Id}'), '${header.x-id}', false],
    [hmac('${header.X-Id | x}.${raw}'), '${header.x-id}', false],
    [hmac('${url}|${raw}'), '${query.id}', true],
    [hmac('${method} ${url}'), '${params.id}', true],
    [hmac('${url}'), '${body.id}', false],
    [hmac('${body.id}|${body.status}'), '${body.id}', true],
    [hmac('${body.id}|${body.status}'), '${body.id.inner}', true],
    [hmac('${body.id}|${body.status}'), '${body.other}', false],
    [hmac('${body.id}${body.status}'), '${body.id}', false],
    [hmac('${body.meta.id}'), '${body.meta}', false],
    [hmac('${body.list[0]}'), '${body.list[0].id}', true],
    [hmac('${body.list[0]}'), '${body.list[1].id}', false],
    [hmac('${body.list[0]}'), '${body.list[*].id}', false],
    [
      { ...hmac('${timestamp}${raw}', { timestamp }), scheme: 'ed25519', secret: '11'.repeat(32) },
      '${query.id}',
      false,
    ],
    [{ scheme: 'github', secret: 's', signed: '${url}\n${raw}' }, '${query.id}', true],
    [{ scheme: 'token', secret: 's', signature: '${query.token}' }, '${query.id}', true],
    [{ scheme: 'gitlab', secret: 'plain' }, '${query.id}', true],
    [
      { scheme: 'gitlab', secret: ['plain', `whsec_${Buffer.from('0123456789').toString('base64')}`] },
      '${query.id}',
      false,
    ],
  ])('by %j: %s %s', (verify, template, isCovered) => {
    const callback = { path: '/done/:id', identify_by: template, verify }
    const config = { listener: { public_url: PUBLIC_URL, callbacks: [callback] } } as CallbacksConfig
    expect(refusals(config)).toEqual(isCovered ? [] : ['listener.callbacks[0].identify_by ERR_CONFIG_VALUE'])
  })

  test.each<[string, object, boolean]>([
    ['GET', hmac('${raw}'), false],
    ['GET', hmac('${raw}', { unsigned_ids: true }), false],
    ['GET', hmac('${timestamp}.${raw}', { timestamp }), false],
    ['GET', hmac('${sha256}'), false],
    ['DELETE', hmac('${raw}'), false],
    ['DELETE', hmac('${raw}', { unsigned_ids: true }), true],
    ['GET', hmac('${url}'), true],
    ['GET', hmac('${url}${raw}'), true],
    ['GET', hmac('${header.X-Id}.${timestamp}', { timestamp }), true],
    ['PUT', hmac('${raw}'), true],
  ])('%s by %j is enough: %s', (method, verify, isEnough) => {
    const config = { listener: { public_url: PUBLIC_URL, path: '/done', method, verify } } as CallbacksConfig
    expect(refusals(config)).toEqual(isEnough ? [] : ['listener.verify ERR_CONFIG_VALUE'])
  })
})

describe('the refusal', () => {
  const messageOf = (more: object): string =>
    problemsOf(() => callbacks(configOf({ scheme: 'github', secret: 's' }, more), { logger: SILENT }))[0]?.message ?? ''

  test('says what is covered, what could happen, and what to do', () => {
    expect(messageOf({ identify_by: '${query.id}' })).toBe(
      'reads ${query.id}, which the proof of "github" does not cover (it covers the body): anybody who has seen one signed ' +
        'request could send it again with another id. Read it from what is covered, or use a ticket (its callback_id in the ' +
        'URL is found without identify_by, and cannot be guessed); "unsigned_ids: true" in "verify" says that it is meant',
    )
    expect(messageOf({ dedupe_by: '${header.X-GitHub-Delivery}' })).toContain('another delivery id. Read it from')
    expect(messageOf({ identify_by: '${query.callback_id}' })).toContain('Take it out: the id of a ticket')
  })

  test('has its place in the file', () => {
    expect(problemsOf(() => callbacks(parsed('identify_by: "${query.id}"'), { logger: SILENT }))).toMatchObject([
      { at: 'listener.identify_by', location: { line: 3, column: 3 } },
    ])
  })

  test('is a warning for what decides over no id', () => {
    const log: string[] = []
    const logger = { ...SILENT, warn: (_details: object, message: string) => void log.push(message) }
    const reads = { status: '${query.status}', result: { who: '${header.x-who}' }, input: '${params.id}' }
    callbacks(configOf({ scheme: 'github', secret: 's' }, reads), { logger })
    expect(log.filter((line) => line.includes('does not cover')).map((line) => line.split(': ')[0])).toEqual([
      'listener.callbacks[0].status',
      'listener.callbacks[0].result',
      'listener.callbacks[0].input',
    ])
  })
})

test('a replay under the other name of a signed id is the same delivery', async () => {
  const signer = SIGNERS.find(({ scheme }) => scheme === 'svix')
  if (signer === undefined) throw new Error('there is no svix')
  const { post, hooks, clock } = await hosts.open(
    configOf(signer, { identify_by: undefined, dedupe_by: '${header.svix-id}' }),
  )
  const headers = signer.sign({ method: 'POST', url: '', raw: '{"n":1}' }, Math.floor(clock.now() / 1000))
  const renamed = Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name.replace('svix', 'webhook'), value]),
  )
  for (const one of [headers, renamed, headers])
    expect(
      (
        await post('/done/7')
          .set({ 'content-type': 'application/json', ...one })
          .send('{"n":1}')
      ).status,
    ).toBe(200)
  expect(hooks.stats()).toMatchObject({ parked: 1, duplicate: 2 })
})

function parsed(line: string) {
  return parseConfig(`listener:\n  path: /done\n  ${line}\n  verify: { scheme: github, secret: s }\n`)
}
