import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from '@jest/globals'
import { callbacks, type CallbacksConfig, parseConfig, type StandardSchema } from '../../lib'
import { problemsOf } from '../config/problems'
import { eventsOf, namesOf } from '../helpers/events-of'
import { createSchema, SCHEMAS, ZOD } from '../helpers/schemas'
import { type Host, useHosts } from '../helpers/use-hosts'

const hosts = useHosts()
const folders: string[] = []
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true })
})

const ENDPOINT = 'POST /done'
const GOOD = { id: 'a', items: [{ price: '7' }] }
const MADE = { id: 'a', items: [{ price: 7 }] }
const BAD: readonly (readonly [object, string])[] = [
  [{ id: 'a', items: [{ price: '7' }, { price: 7 }] }, 'items[1].price'],
  [{ id: 'a', items: 'none' }, 'items'],
  [{ id: 'a' }, 'items'],
]

function configOf(more: object = {}, rest: object = {}): CallbacksConfig {
  return { listener: { path: '/done', identify_by: '${body.id}', ...more }, ...rest }
}

function folderStore(): { readonly type: 'file'; readonly path: string } {
  const path = mkdtempSync(join(tmpdir(), 'schemas-'))
  folders.push(path)
  return { type: 'file', path }
}

const STORES: readonly (readonly [string, () => object])[] = [
  ['memory', () => ({})],
  ['file', () => ({ store: folderStore() })],
]

async function send(host: Host, body: object): Promise<readonly [number, string]> {
  const { status, text } = await host.post('/done').send(body)
  return [status, text]
}

function unfit(path: string, body: object) {
  return expect.objectContaining({
    code: 'ERR_RESULT_SCHEMA',
    issues: [expect.objectContaining({ path })],
    message: expect.stringMatching(
      new RegExp(
        `^The result that POST /done received for "a" does not fit its schema: ${path.replace(/[[\]]/g, '\\$&')}: `,
      ),
    ),
    endpoint: ENDPOINT,
    id: 'a',
    body,
    result: body,
  })
}

describe.each(STORES)('a wait with a schema, by the store %s', (_store, store) => {
  test.each(SCHEMAS)('of %s resolves to what the schema makes of the result', async (_name, schema) => {
    const host = await hosts.open(configOf({}, store()))
    const { hooks } = host
    const events = eventsOf(hooks)
    const waits = [hooks.wait('a', { schema }), hooks.wait('a', { schema, signal: new AbortController().signal })]
    const full = hooks.wait('a', { schema, full: true })
    const plain = hooks.wait('a')
    expect(await send(host, GOOD)).toEqual([200, ''])
    for (const wait of waits) await expect(wait).resolves.toEqual(MADE)
    await expect(full).resolves.toMatchObject({ result: MADE, body: GOOD, endpoint: ENDPOINT })
    await expect(plain).resolves.toEqual(GOOD)
    expect(namesOf(events).filter((name) => name === 'settled')).toHaveLength(4)
    expect(hooks.stats()).toMatchObject({ settled: 4, failed: 0, waiting: 0 })
  })

  test.each(SCHEMAS)(
    'of %s rejects for a result that does not fit; the callback is acknowledged',
    async (_name, schema) => {
      for (const [body, path] of BAD) {
        const host = await hosts.open(configOf({}, store()))
        const { hooks } = host
        const events = eventsOf(hooks)
        const wait = hooks.wait('a', { schema })
        expect(await send(host, body)).toEqual([200, ''])
        await expect(wait).rejects.toEqual(unfit(path, body))
        expect(hooks.stats()).toMatchObject({ settled: 0, failed: 1, waiting: 0 })
        expect(events.at(-1)).toMatchObject({
          name: 'failed',
          event: { outcome: { error: { code: 'ERR_RESULT_SCHEMA' } } },
        })
        expect(await send(host, GOOD)).toEqual([200, ''])
        expect(hooks.stats()).toMatchObject({ duplicate: 1 })
      }
    },
  )

  test.each(SCHEMAS)('of %s looks at a callback that came before it', async (_name, schema) => {
    const host = await hosts.open(configOf({}, store()))
    for (const body of [GOOD, { ...BAD[0]?.[0], id: 'b' }]) expect(await send(host, body)).toEqual([200, ''])
    expect(host.hooks.stats()).toMatchObject({ parked: 2 })
    await expect(host.hooks.wait('a', { schema })).resolves.toEqual(MADE)
    await expect(host.hooks.wait('b', { schema })).rejects.toMatchObject({ code: 'ERR_RESULT_SCHEMA', id: 'b' })
  })

  test('and a key has it for itself, beside others of the same key', async () => {
    const host = await hosts.open(configOf({}, store()))
    const { hooks } = host
    const fitting = hooks.wait('a', { key: 'k', schema: ZOD })
    const other = hooks.wait('a', { key: 'k', schema: createSchema(() => ({ issues: [{ message: 'no' }] })) })
    const plain = hooks.wait('a', { key: 'k' })
    expect(await send(host, GOOD)).toEqual([200, ''])
    await expect(fitting).resolves.toEqual(MADE)
    await expect(other).rejects.toMatchObject({ code: 'ERR_RESULT_SCHEMA', issues: [{ path: '', message: 'no' }] })
    await expect(plain).resolves.toEqual(GOOD)
    await expect(hooks.wait('a', { key: 'k', schema: ZOD, full: true })).resolves.toMatchObject({
      result: MADE,
      body: GOOD,
    })
  })

  test('rejects for a ticket, by key too', async () => {
    const host = await hosts.open(configOf({}, store()), { publicUrl: 'https://a.example' })
    const { hooks } = host
    const tickets = [hooks.ticket({ schema: ZOD }), await hooks.ticket({ schema: ZOD, key: 'k' })]
    for (const { url, result } of tickets) {
      await host.post(url.slice('https://a.example'.length)).send({ id: 1 }).expect(200)
      await expect(result).rejects.toMatchObject({ code: 'ERR_RESULT_SCHEMA' })
    }
    const good = hooks.ticket({ schema: ZOD })
    await hooks.settle(good.id, GOOD)
    await expect(good.result).resolves.toEqual(MADE)
  })

  test('does not look at a failure', async () => {
    const schema = createSchema((value) => ({ value }))
    const host = await hosts.open(configOf({ status: '${body.s}', fail_when: 'bad', success_when: 'ok' }, store()))
    const wait = host.hooks.wait('a', { schema })
    await send(host, { id: 'a', s: 'soon' })
    await send(host, { id: 'a', s: 'bad' })
    await expect(wait).rejects.toMatchObject({ code: 'ERR_CALLBACK_FAILED', status: 'bad' })
    expect(schema.seen).toEqual([])
  })
})

describe.each(STORES)('the schema of an endpoint, by the store %s', (_store, store) => {
  test.each(SCHEMAS)(
    'of %s makes the result of every wait, and fails the wait for what does not fit',
    async (_name, schema) => {
      const host = await hosts.open(configOf({ schema }, store()))
      const { hooks } = host
      const waits = [hooks.wait('a'), hooks.wait('a', { key: 'k' })]
      expect(await send(host, GOOD)).toEqual([200, ''])
      for (const wait of waits) await expect(wait).resolves.toEqual(MADE)
      for (const [index, [body, path]] of BAD.entries()) {
        const wait = hooks.wait('a')
        const keyed = hooks.wait('a', { key: `k${index}` })
        expect(await send(host, body)).toEqual([200, ''])
        await expect(wait).rejects.toEqual(unfit(path, body))
        await expect(keyed).rejects.toMatchObject({ code: 'ERR_RESULT_SCHEMA', issues: [{ path }] })
      }
      expect(hooks.stats()).toMatchObject({ settled: 2, failed: 6, rejected: 0, waiting: 0, parked: 0 })
    },
  )

  test.each(SCHEMAS)('of %s with on_mismatch: refuse answers 422, and the wait goes on', async (_name, schema) => {
    const host = await hosts.open(configOf({ schema, on_mismatch: 'refuse' }, store()))
    const { hooks } = host
    const events = eventsOf(hooks)
    const wait = hooks.wait('a')
    for (const [body] of BAD) expect(await send(host, body)).toEqual([422, '{"error":"ERR_RESULT_SCHEMA"}'])
    expect(hooks.stats()).toMatchObject({ waiting: 1, rejected: 3, settled: 0, failed: 0, parked: 0 })
    expect(events.at(-1)).toMatchObject({ name: 'rejected', event: { error: { code: 'ERR_RESULT_SCHEMA' } } })
    expect(await send(host, GOOD)).toEqual([200, ''])
    await expect(wait).resolves.toEqual(MADE)
  })

  test('holds for what is parked', async () => {
    const host = await hosts.open(configOf({ schema: ZOD }, store()))
    for (const body of [GOOD, { id: 'b' }]) expect(await send(host, body)).toEqual([200, ''])
    await expect(host.hooks.wait('a')).resolves.toEqual(MADE)
    await expect(host.hooks.wait('b')).rejects.toMatchObject({ code: 'ERR_RESULT_SCHEMA', id: 'b' })
  })

  test('stands before that of a wait', async () => {
    const host = await hosts.open(configOf({ schema: ZOD }, store()))
    const schema = createSchema((value) => ({ value: [value] }))
    const wait = host.hooks.wait('a', { schema })
    await send(host, GOOD)
    await expect(wait).resolves.toEqual([MADE])
    expect(schema.seen).toEqual([MADE])
  })

  test('holds for a workflow', async () => {
    const workflow = { jobs: [{ id: 'hold', wait_for: '${input.id}' }] }
    const host = await hosts.open(configOf({ schema: ZOD }, { workflow, ...store() }))
    const { hooks } = host
    for (const [body, outcome] of [
      [GOOD, MADE],
      [{ id: 'b' }, 'ERR_RESULT_SCHEMA'],
    ] as const) {
      const run = hooks.run({ id: body.id }).catch(({ code }) => code)
      await new Promise<void>((resolve) => hooks.on('job', ({ status }) => void (status === 'waiting' && resolve())))
      expect(await send(host, body)).toEqual([200, ''])
      expect(await run).toEqual(outcome)
    }
  })

  test.each(['fail', 'refuse'] as const)('with on_mismatch: %s holds for what is settled by hand', async (mismatch) => {
    const host = await hosts.open(configOf({ schema: ZOD, on_mismatch: mismatch }, store()))
    const { hooks } = host
    const wait = hooks.wait('a')
    const settling = hooks.settle('a', { id: 7 })
    if (mismatch === 'fail') {
      expect(await settling).toBe('settled')
      await expect(wait).rejects.toMatchObject({ code: 'ERR_RESULT_SCHEMA', result: { id: 7 } })
      return
    }
    await expect(settling).rejects.toMatchObject({ code: 'ERR_RESULT_SCHEMA' })
    expect(hooks.stats()).toMatchObject({ waiting: 1 })
    expect(await hooks.settle('a', GOOD)).toBe('settled')
    await expect(wait).resolves.toEqual(MADE)
  })
})

describe('the schema of an endpoint', () => {
  test('is asked once where the callback and its wait are in one process', async () => {
    const schema = createSchema((value) => ({ value }))
    const host = await hosts.open(configOf({ schema }))
    const waits = [host.hooks.wait('a'), host.hooks.wait('a')]
    await send(host, GOOD)
    for (const wait of waits) await expect(wait).resolves.toEqual(GOOD)
    await send(host, { ...GOOD, id: 'b' })
    await host.hooks.wait('b')
    expect(schema.seen).toHaveLength(2)
  })

  test.each<[string, () => unknown]>([
    ['throws', () => fail('broken')],
    ['rejects', async () => fail('broken')],
    ['gives nothing', () => undefined],
    ['gives a promise of nothing', async () => null],
  ])('that %s fits nothing', async (_what, validate) => {
    const schema = createSchema(validate)
    const host = await hosts.open(configOf({ schema }))
    const wait = host.hooks.wait('a')
    expect(await send(host, GOOD)).toEqual([200, ''])
    await expect(wait).rejects.toMatchObject({
      code: 'ERR_RESULT_SCHEMA',
      message: expect.stringMatching(/the schema could not be applied: ./),
    })
  })

  test('names no more than five issues, in short, and no secret', async () => {
    const issues = Array.from({ length: 8 }, (_, index) => ({
      message: `no s3cret-${'x'.repeat(300)}`,
      path: [{ key: index }, 'a', Symbol('b')],
    }))
    const host = await hosts.open(configOf({ schema: createSchema(() => ({ issues })) }), {
      env: { API_KEY: 's3cret-x' },
    })
    const wait = host.hooks.wait('a')
    await send(host, GOOD)
    const error = await wait.catch((reason: unknown) => reason)
    expect(error).toMatchObject({ code: 'ERR_RESULT_SCHEMA' })
    const { message, issues: told } = error as { message: string; issues: readonly { path: string; message: string }[] }
    expect(told).toHaveLength(8)
    expect(told[1]?.path).toBe('[1].a.Symbol(b)')
    expect(message).toContain('[4].a.Symbol(b): no [redacted]')
    expect(message).toMatch(/; and 3 more$/)
    expect(message.length).toBeLessThan(1500)
    expect(JSON.stringify(told) + message).not.toContain('s3cret-x')
  })

  test('with bulk holds for each item', async () => {
    const bulk = { bulk: true, identify_by: '${item.id}', schema: ZOD }
    const host = await hosts.open(configOf(bulk))
    const waits = ['a', 'b'].map((id) => host.hooks.wait(id))
    expect(await host.post('/done').send([GOOD, { id: 'b' }])).toMatchObject({ status: 200 })
    await expect(waits[0]).resolves.toEqual(MADE)
    await expect(waits[1]).rejects.toMatchObject({ code: 'ERR_RESULT_SCHEMA' })
  })

  test.each<[string, StandardSchema]>([
    ['at once', ZOD],
    ['later', ZOD.refine(async () => true)],
  ])('with bulk and refuse takes the others, and refuses a request that has none (%s)', async (_what, schema) => {
    const host = await hosts.open(configOf({ bulk: true, identify_by: '${item.id}', schema, on_mismatch: 'refuse' }))
    const waits = ['a', 'b'].map((id) => host.hooks.wait(id))
    expect(await host.post('/done').send([{ id: 'b' }, GOOD, { id: 'b' }])).toMatchObject({ status: 200 })
    await expect(waits[0]).resolves.toEqual(MADE)
    expect(host.hooks.stats()).toMatchObject({ waiting: 1, rejected: 2, parked: 0 })
    expect(await host.post('/done').send([{ id: 'b' }, { id: 'b' }])).toMatchObject({
      status: 422,
      body: { error: 'ERR_RESULT_SCHEMA' },
    })
    await host.post('/done').send([{ ...GOOD, id: 'b' }])
    await expect(waits[1]).resolves.toMatchObject({ id: 'b' })
  })

  test('starts no workflow for an event that does not fit', async () => {
    const workflow = { jobs: [{ component: 'logger' }] }
    const host = await hosts.open(configOf({ schema: ZOD, on_mismatch: 'refuse' }, { workflow }))
    expect(await send(host, { id: 'a' })).toEqual([422, '{"error":"ERR_RESULT_SCHEMA"}'])
    expect(await send(host, { ...GOOD, id: 'b' })).toEqual([200, ''])
    expect(host.hooks.stats()).toMatchObject({ started: 1, rejected: 1 })
  })

  test('is validated again in the process that awaits it, with what that makes of it', async () => {
    const store = folderStore()
    const before = await hosts.open(configOf({ schema: ZOD }, { store }))
    for (const body of [GOOD, { ...GOOD, id: 'b' }]) expect(await send(before, body)).toEqual([200, ''])
    await before.hooks.close()
    const schema = createSchema((value) =>
      JSON.stringify(value).includes('"b"') ? { issues: [{ message: 'no' }] } : { value: new Map([[1, value]]) },
    )
    const after = await hosts.open(configOf({ schema }, { store }))
    await expect(after.hooks.wait('a')).resolves.toEqual(new Map([[1, GOOD]]))
    await expect(after.hooks.wait('b')).rejects.toMatchObject({ code: 'ERR_RESULT_SCHEMA' })
  })

  test('holds for a run that goes on after a restart', async () => {
    const config = configOf(
      { schema: ZOD },
      { store: folderStore(), workflow: { jobs: [{ id: 'hold', wait_for: '${input}' }] } },
    )
    const before = await hosts.open(config)
    const ids: string[] = []
    for (const input of ['a', 'b']) {
      const task = await before.hooks.submit(input)
      task.result().catch(() => undefined)
      await new Promise<void>((resolve) =>
        before.hooks.on('job', ({ status }) => void (status === 'waiting' && resolve())),
      )
      ids.push(task.id)
    }
    await before.hooks.close()
    // Another definition, so that the one of the run is compiled again.
    const after = await hosts.open({ ...config, workflow: { ...config.workflow, title: 'Hold' } })
    const ended = new Map<string, string>()
    const all = new Promise<void>((resolve) =>
      after.hooks.on(
        'task',
        ({ task, status }) => void (status !== 'running' && ended.set(task, status).size === 2 && resolve()),
      ),
    )
    await after.hooks.open()
    for (const body of [GOOD, { id: 'b' }]) expect(await send(after, body)).toEqual([200, ''])
    await all
    expect(ids.map((id) => ended.get(id))).toEqual(['succeeded', 'failed'])
    expect(await after.hooks.task(ids[0] ?? '')).toMatchObject({ output: MADE })
    expect(await after.hooks.task(ids[1] ?? '')).toMatchObject({ error: { code: 'ERR_RESULT_SCHEMA' } })
  })

  test('leaves the schema as it is', async () => {
    const schema = { ...createSchema((value) => ({ value })), own: {} }
    const host = await hosts.open(configOf({ schema }))
    expect([schema, schema.own, schema['~standard']].map((one) => Object.isFrozen(one))).toEqual([false, false, false])
    expect(host.hooks.stats().waiting).toBe(0)
  })
})

function fail(message: string): never {
  throw new Error(message)
}

describe('a run with a schema', () => {
  const workflow = { jobs: [{ component: 'logger', input: { data: '${input}' } }] }

  test.each(SCHEMAS)('of %s resolves to what the schema makes of its output, or rejects', async (_name, schema) => {
    const { hooks } = hosts.start({ workflow })
    await expect(hooks.run(GOOD, { schema })).resolves.toEqual(MADE)
    for (const [body, path] of BAD)
      await expect(hooks.run(body, { schema })).rejects.toMatchObject({
        code: 'ERR_RESULT_SCHEMA',
        message: expect.stringMatching(/^The output of the task \S+ does not fit its schema: items/),
        issues: [{ path }],
      })
  })

  test('of submit() is refused, since its task has a result of its own', async () => {
    const { hooks } = hosts.start({ workflow })
    const options = { schema: ZOD } as object
    await expect(hooks.submit(GOOD, options)).rejects.toMatchObject({ code: 'ERR_CONFIG_VALUE' })
  })
})

describe('what is no schema is refused', () => {
  test.each<[string, unknown]>([
    ['a mapping', { type: 'object' }],
    ['a function', () => true],
    ['null', null],
    ['a text', 'Order'],
    ['another version', { '~standard': { version: 2, validate: () => undefined } }],
    ['half of one', { '~standard': { version: 1 } }],
  ])('%s', async (_what, schema) => {
    const options = { schema } as { readonly schema: StandardSchema }
    const { hooks } = hosts.start(configOf({}, { workflow: { jobs: [{ component: 'logger' }] } }))
    const wrong = expect.objectContaining({
      code: 'ERR_CONFIG_VALUE',
      at: 'options.schema',
      message: expect.stringContaining('expected a schema object of zod, valibot, arktype'),
    })
    expect(() => hooks.wait('a', options)).toThrow(wrong)
    expect(() => hooks.wait('a', { ...options, key: 'k' })).toThrow(wrong)
    expect(() => hooks.ticket(options)).toThrow(wrong)
    await expect(hooks.run({}, options)).rejects.toEqual(wrong)
    expect(hooks.stats()).toMatchObject({ waiting: 0, tasks: { running: 0, succeeded: 0 } })
  })

  const SILENT = { debug: ignore, info: ignore, warn: ignore, error: ignore }
  function ignore(): void {}

  test.each<[string, () => unknown, RegExp]>([
    [
      'a JSON Schema in YAML',
      () => parseConfig('listener: { path: /done, schema: { type: object } }'),
      /listener\.schema ERR_CONFIG_VALUE expected a schema object of zod, valibot, arktype .*it is given in code: .* wait\(id, \{ schema \}\)/,
    ],
    [
      'a text in YAML',
      () => parseConfig('listener: { path: /done, schema: ./order.json }'),
      /listener\.schema ERR_CONFIG_VALUE expected a schema object/,
    ],
    [
      'a mapping in code',
      () => configOf({ schema: { type: 'object' } }),
      /listener\.schema ERR_CONFIG_VALUE expected a schema object/,
    ],
    [
      'a function in code',
      () => configOf({ schema: () => true }),
      /listener\.schema ERR_CONFIG_VALUE expected plain data, found a function/,
    ],
    [
      'a schema of a trigger',
      () => ({ listener: { type: 'http-trigger', path: '/go', schema: ZOD } }),
      /listener\.schema ERR_CONFIG_VALUE a trigger has no "schema"/,
    ],
    [
      'a schema of one trigger of several',
      () => ({ listener: { triggers: [{ path: '/go', schema: ZOD }] } }),
      /listener\.triggers\[0\]\.schema ERR_CONFIG_UNKNOWN_KEY/,
    ],
    [
      'a schema elsewhere',
      () => configOf({ response: { body: { schema: ZOD } } }),
      /listener\.response\.body\.schema ERR_CONFIG_VALUE expected plain data/,
    ],
    [
      'another on_mismatch',
      () => configOf({ schema: ZOD, on_mismatch: 'refus' }),
      /listener\.on_mismatch ERR_CONFIG_VALUE expected one of fail, refuse.*Did you mean "refuse"\?/,
    ],
  ])('%s', (_what, create, message) => {
    const problems = problemsOf(() => callbacks(create() as CallbacksConfig, { logger: SILENT }))
    expect(problems.map(({ at, code, message: text }) => `${at} ${code} ${text}`)).toEqual([
      expect.stringMatching(message),
    ])
  })

  test('on_mismatch without a schema is a warning', () => {
    const { log } = hosts.start(configOf({ on_mismatch: 'refuse' }))
    expect(log).toMatchObject([{ level: 'warn', message: expect.stringContaining('never read without "schema"') }])
  })

  test('each of several listeners and callbacks may have one', async () => {
    const one = { path: '/a', identify_by: '${body.id}', schema: ZOD }
    const config: CallbacksConfig = {
      listeners: [{ callbacks: [one, { ...one, path: '/b' }] }, { ...one, port: 1, path: '/c' }],
    }
    const host = await hosts.open(config)
    for (const path of ['/a', '/b', '/c']) {
      const wait = host.hooks.wait('a', { path })
      await host.post(path).send({ id: 'a' }).expect(200)
      await expect(wait).rejects.toMatchObject({ code: 'ERR_RESULT_SCHEMA', endpoint: `POST ${path}` })
    }
  })
})

test.each([
  ['of an endpoint', 'fail', 200],
  ['of an endpoint that refuses', 'refuse', 503],
  ['of a wait', undefined, 200],
])('a schema %s that does not answer within ten seconds fits nothing', async (_whose, onMismatch, status) => {
  const schema = createSchema(() => new Promise(() => undefined))
  const host = await hosts.open(configOf(onMismatch === undefined ? {} : { schema, on_mismatch: onMismatch }))
  const wait = host.hooks.wait('a', onMismatch ? {} : { schema })
  const answering = send(host, GOOD)
  while (schema.seen.length === 0) await new Promise((resolve) => setImmediate(resolve))
  host.clock.advance(10_000)
  expect(await answering).toEqual([status, status === 503 ? '{"error":"ERR_SCHEMA_UNAVAILABLE"}' : ''])
  expect(host.hooks.stats().waiting).toBe(status === 503 ? 1 : 0)
  if (status === 503) await host.hooks.fail('a')
  const message = expect.stringContaining('the schema could not be applied: it did not answer within 10 s')
  await expect(wait).rejects.toMatchObject(status === 503 ? { code: 'ERR_CALLBACK_FAILED' } : { message })
})

test.each<[string, () => unknown]>([
  ['throws', () => fail('broken')],
  ['throws an empty error', () => fail('')],
  ['rejects', async () => fail('broken')],
  ['gives nothing', () => undefined],
])('a schema that %s refuses for now, and the same callback is taken later', async (_what, broken) => {
  let isBroken = true
  const schema = createSchema((value) => (isBroken ? broken() : { value }))
  const host = await hosts.open(configOf({ schema, on_mismatch: 'refuse' }))
  const wait = host.hooks.wait('a')
  const { status, headers, body } = await host.post('/done').send(GOOD)
  expect([status, headers['retry-after'], body]).toEqual([503, '5', { error: 'ERR_SCHEMA_UNAVAILABLE' }])
  await expect(host.hooks.settle('a', GOOD)).rejects.toMatchObject({ code: 'ERR_SCHEMA_UNAVAILABLE' })
  isBroken = false
  expect(await send(host, GOOD)).toEqual([200, ''])
  await expect(wait).resolves.toEqual(GOOD)
})

test('a bulk callback is sent again when the schema could not be applied to one of its items', async () => {
  const schema = createSchema((value) => ((value as { id: string }).id === 'b' ? fail('broken') : { value }))
  const bulk = { bulk: true, identify_by: '${item.id}', schema, on_mismatch: 'refuse' as const }
  const host = await hosts.open(configOf(bulk))
  const wait = host.hooks.wait('a')
  const { status, body } = await host.post('/done').send([GOOD, { id: 'b' }])
  expect([status, body]).toEqual([503, { error: 'ERR_SCHEMA_UNAVAILABLE' }])
  await expect(wait).resolves.toEqual(GOOD)
})
