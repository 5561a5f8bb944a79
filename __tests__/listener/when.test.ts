import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import request from 'supertest'
import { callbacks, type CallbacksConfig } from '../../lib'
import { problemsOf } from '../config/problems'
import { eventsOf, namesOf } from '../helpers/events-of'
import { type Host, useHosts } from '../helpers/use-hosts'
import { createGithubSignature } from '../deliveries/use-hub'

const hosts = useHosts()
const ENDPOINT = 'POST /done'
const GITHUB = { scheme: 'github', secret: 's3cret' } as const
const SILENT = { debug: ignore, info: ignore, warn: ignore, error: ignore }
function ignore(): void {}

function configOf(more: object = {}): CallbacksConfig {
  return { listener: { path: '/done', identify_by: '${body.id}', when: '${body.live}', ...more } }
}

async function answerOf(host: Host, body: object | string): Promise<readonly [number, string]> {
  const { status, text } = await host.post('/done').type('json').send(body)
  return [status, text]
}

describe('when', () => {
  test.each([
    ['is missing', { id: 'a' }, false],
    ['is null', { id: 'a', live: null }, false],
    ['is false', { id: 'a', live: false }, false],
    ['is the text false', { id: 'a', live: 'false' }, false],
    ['is the text FALSE', { id: 'a', live: ' FALSE ' }, false],
    ['is no', { id: 'a', live: 'no' }, false],
    ['is off', { id: 'a', live: 'Off' }, false],
    ['is 0', { id: 'a', live: 0 }, false],
    ['is empty', { id: 'a', live: '' }, false],
    ['is true', { id: 'a', live: true }, true],
    ['is the text true', { id: 'a', live: 'True' }, true],
    ['is 1', { id: 'a', live: 1 }, true],
    ['is -0.5', { id: 'a', live: -0.5 }, true],
    ['is another text', { id: 'a', live: 'sandbox' }, true],
    ['is a mapping', { id: 'a', live: {} }, true],
    ['is a list', { id: 'a', live: [] }, true],
  ])('that %s', async (_what, body, counts) => {
    const host = await hosts.open(configOf())
    const { hooks } = host
    const events = eventsOf(hooks)
    const wait = hooks.wait('a')
    expect(await answerOf(host, body)).toEqual([200, ''])
    expect(namesOf(events)).toEqual(['received', counts ? 'settled' : 'filtered'])
    expect(hooks.stats()).toMatchObject({
      waiting: counts ? 0 : 1,
      filtered: counts ? 0 : 1,
      parked: 0,
      unidentified: 0,
    })
    expect(hooks.stats().endpoints[ENDPOINT]).toMatchObject({ filtered: counts ? 0 : 1 })
    if (counts) await expect(wait).resolves.toEqual(body)
  })

  test.each([
    ['without an id', { live: false }],
    ['with an id that cannot be one', { live: false, id: [] }],
    ['with a status that cannot be converted', { live: false, id: 'a', state: 'x' }],
  ])('is read before identify_by, so that a callback %s is filtered', async (_what, body) => {
    const host = await hosts.open(configOf({ status: '${body.state as integer}', success_when: [1] }))
    const events = eventsOf(host.hooks)
    expect(await answerOf(host, body)).toEqual([200, ''])
    expect(namesOf(events)).toEqual(['received', 'filtered'])
    expect(events.at(-1)?.event).toMatchObject({ endpoint: ENDPOINT, body })
  })

  test.each([
    ['${body.live as boolean}', { id: 'a', live: 'perhaps' }],
    ['${body.n + 1}', { id: 'a', n: 'x' }],
    ['${body.live as json}', { id: 'a', live: '{' }],
  ])('that fails, as %s, is answered 400', async (when, body) => {
    const host = await hosts.open(configOf({ when }))
    expect(await answerOf(host, body)).toEqual([400, '{"error":"ERR_TEMPLATE"}'])
    expect(host.hooks.stats()).toMatchObject({ filtered: 0, rejected: 1, parked: 0 })
  })

  test.each<[string, object, string, object, boolean]>([
    ['a header', { when: '${header.x-live}' }, '/done', {}, false],
    ['a query', { when: '${query.live}' }, '/done?live=1', {}, true],
    ['a query that says no', { when: '${query.live}' }, '/done?live=0', {}, false],
    ['a default', { when: '${body.live | true}' }, '/done', {}, true],
    ['JSONPath with a hit', { when: '${body..live}' }, '/done', { a: { live: true } }, true],
    ['JSONPath with a hit that says no', { when: '${body..live}' }, '/done', { a: { live: false } }, false],
    ['JSONPath without a hit', { when: '${body..live}' }, '/done', {}, false],
  ])('reads %s', async (_what, more, path, body, counts) => {
    const host = await hosts.open(configOf(more))
    await host
      .post(path)
      .send({ id: 'a', ...body })
      .expect(200, '')
    expect(host.hooks.stats()).toMatchObject({ filtered: counts ? 0 : 1, parked: counts ? 1 : 0 })
  })

  test('a filtered callback is answered as "response" says, parks nothing, and settles and claims nothing', async () => {
    const host = await hosts.open(
      configOf({ dedupe_by: '${body.delivery}', response: { status: 202, body: 'got it' } }),
    )
    const { hooks } = host
    for (const live of [false, null, 0])
      expect(await answerOf(host, { id: 'a', delivery: 1, live })).toEqual([202, 'got it'])
    expect(hooks.stats()).toMatchObject({ filtered: 3, parked: 0, duplicate: 0 })
    expect(await answerOf(host, { id: 'a', delivery: 1, live: true })).toEqual([202, 'got it'])
    await expect(hooks.wait('a')).resolves.toMatchObject({ live: true })
    expect(await answerOf(host, { id: 'a', delivery: 2, live: false })).toEqual([202, 'got it'])
    expect(hooks.stats()).toMatchObject({ filtered: 4, duplicate: 0 })
  })

  test('is told once in the log, and a wait that ends in vain counts what was filtered', async () => {
    const host = await hosts.open(configOf())
    const wait = host.hooks.wait('a', { timeout: 5 })
    await answerOf(host, { id: 'a' })
    await answerOf(host, { id: 'a', live: 0 })
    host.clock.advance(100)
    await expect(wait).rejects.toThrow(/Meanwhile this process saw 2 callbacks for which "when" is false/)
    const lines = host.log.filter(({ message }) => message.includes('when'))
    expect(lines).toMatchObject([{ level: 'info', message: expect.stringContaining('when ("${body.live}") is false') }])
  })

  test('looks at each item of a bulk callback', async () => {
    const host = await hosts.open(
      configOf({ bulk: true, item: '${body.list}', identify_by: '${item.id}', when: '${item.live}' }),
    )
    const events = eventsOf(host.hooks)
    const wait = host.hooks.wait('b')
    const list = [{ id: 'a' }, { id: 'b', live: true }, { live: 'no' }, { id: 'c', live: 1 }]
    expect(await answerOf(host, { list })).toEqual([200, ''])
    await expect(wait).resolves.toEqual({ id: 'b', live: true })
    expect(namesOf(events)).toEqual(['received', 'filtered', 'settled', 'filtered', 'parked'])
    expect(events.filter(({ name }) => name === 'filtered').map(({ event }) => event)).toMatchObject([
      { body: { id: 'a' } },
      { body: { live: 'no' } },
    ])
    expect(await answerOf(host, { list: [{ id: 'a' }, {}] })).toEqual([200, ''])
    expect(host.hooks.stats()).toMatchObject({ filtered: 4, rejected: 0 })
  })

  test.each<[string, CallbacksConfig]>([
    ['a trigger', { listener: { type: 'http-trigger', path: '/done', when: '${body.live}' } }],
    ['an event source', configOf()],
  ])('starts nothing for a request to %s', async (_what, config) => {
    const host = await hosts.open({ ...config, workflow: { jobs: [{ component: 'logger' }] } })
    const events = eventsOf(host.hooks)
    expect(await answerOf(host, { id: 'a' })).toEqual([200, ''])
    expect(await answerOf(host, { id: 'a', live: true })).toEqual([200, ''])
    expect(namesOf(events).filter((name) => name !== 'received')).toEqual(['filtered', 'started'])
    expect(host.hooks.stats()).toMatchObject({ filtered: 1, started: 1 })
  })

  test('is read when the sender is verified', async () => {
    const host = await hosts.open(configOf({ verify: { scheme: 'github', secret: 's3cret' } }))
    const events = eventsOf(host.hooks)
    expect(await answerOf(host, { id: 'a' })).toEqual([401, '{"error":"ERR_UNVERIFIED"}'])
    const text = JSON.stringify({ id: 'a' })
    await host.post('/done').type('json').set('X-Hub-Signature-256', createGithubSignature('s3cret', text)).send(text)
    expect(namesOf(events)).toEqual(['rejected', 'received', 'filtered'])
  })

  test('a delivery says that it was filtered; its replay counts when the template is mended', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'when-'))
    const withStore = (when: string): CallbacksConfig => ({
      ...configOf({ when, port: 0 }),
      deliveries: { path: join(folder, 'deliveries') },
    })
    const controller = (host: Host): string => `${host.origin}/_callbacks`
    const open = async (when: string): Promise<Host> => {
      const host = await hosts.open(withStore(when), {}, (app, hooks) => {
        app.use('/_callbacks', hooks.controller)
        app.use(hooks)
      })
      await host.hooks.open()
      return host
    }
    const before = await open('${body.lvie}')
    await answerOf(before, { id: 'a', live: true })
    const [one] = (await request(controller(before)).get('/deliveries?verdict=filtered').expect(200)).body.deliveries
    expect(one).toMatchObject({
      verdict: 'filtered',
      reason: 'when is false for it; it was acknowledged and dropped',
      status: 200,
      code: null,
      ids: [],
    })
    const { reads } = (await request(controller(before)).get(`/deliveries/${one.id}`).expect(200)).body
    expect(reads).toEqual([
      { key: 'when', source: '${body.lvie}', value: null },
      { key: 'identify_by', source: '${body.id}', value: 'a' },
    ])
    const again = (await request(controller(before)).post(`/deliveries/${one.id}/replay`).send({}).expect(200)).body
    expect(again).toMatchObject({ verdict: 'filtered', replay_of: one.id })
    await before.hooks.close()
    const after = await open('${body.live}')
    const replayed = (await request(controller(after)).post(`/deliveries/${one.id}/replay`).send({}).expect(200)).body
    expect(replayed).toMatchObject({ verdict: 'parked', ids: ['a'], replay_of: one.id })
    await expect(after.hooks.wait('a')).resolves.toEqual({ id: 'a', live: true })
    const text = (await request(controller(after)).get('/metrics').expect(200)).text
    expect(text).toContain('express_callbacks_callbacks_total{endpoint="POST /done",event="filtered"} 0')
    await after.hooks.close()
    rmSync(folder, { recursive: true })
  })
})

describe('when, at load,', () => {
  const problems = (more: object): readonly string[] =>
    problemsOf(() => callbacks(configOf(more), { logger: SILENT })).map(({ at, message }) => `${at}: ${message}`)

  test.each([
    ['a mapping', { when: { live: true } }, /listener\.when: expected text/],
    ['a source that there is not', { when: '${response.live}' }, /listener\.when: .*response/],
    [
      'an unsigned header',
      { when: '${header.x-live}', verify: GITHUB },
      /so that a callback counts which was to be filtered out/,
    ],
    ['an unsigned query', { when: '${query.live}', verify: GITHUB }, /listener\.when: reads \$\{query\.live\}/],
  ])('refuses %s', (_what, more, message) => {
    expect(problems(more)).toEqual([expect.stringMatching(message)])
  })

  test('takes what is not signed when the config says that it is meant', () => {
    expect(problems({ when: '${header.x-live}', verify: { ...GITHUB, unsigned_ids: true } })).toEqual([])
  })

  test.each([
    ['body.live', /did you mean "\$\{body\.live\}"\?/],
    [true, /write where it stands/],
    ['false', /write where it stands/],
  ])('warns of the constant %s', (when, message) => {
    const { log } = hosts.start(configOf({ when }))
    expect(log.filter(({ level }) => level === 'warn')).toMatchObject([{ message: expect.stringMatching(message) }])
  })

  test.each([
    ['${body.type} == "done"', true],
    ['not ${body.test}', true],
    ['${body.type}${body.live}', false],
    [' ${body.live} ', false],
  ])('warns of a text that always counts: %s, %s', (when, isWarned) => {
    const { log } = hosts.start({ listener: { path: '/done', identify_by: '${body.id}', when } })
    const message = expect.stringContaining('is a text that is never empty, so that every callback counts')
    expect(log.filter(({ level }) => level === 'warn')).toEqual(isWarned ? [expect.objectContaining({ message })] : [])
  })
})
