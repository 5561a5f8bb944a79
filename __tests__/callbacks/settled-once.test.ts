import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import type { CallbacksConfig } from '../../lib'
import { waitUntil } from '../helpers/store-contract'
import { useHosts } from '../helpers/use-hosts'

const hosts = useHosts()
let folder = ''

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'settled-once-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

function listening(type: string): CallbacksConfig {
  return {
    store: type === 'file' ? { type: 'file', path: folder } : { type: 'memory' },
    listener: {
      callbacks: [
        { path: '/queue', result: '${body.n}', dedupe_by: '${header.x-delivery}' },
        { path: '/done', identify_by: '${body.id}', result: '${body.n}', dedupe_by: '${header.x-delivery}' },
        { path: '/news', identify_by: '${body.id}', workflow: 'noted' },
      ],
    },
    workflows: {
      noted: { default: true, jobs: [{ id: 'note', component: 'logger', input: { message: '${input.id}' } }] },
    },
  }
}

describe.each(['memory', 'file'])('with a store of the type %s', (type) => {
  test.each([
    ['without ids', '/queue', 3],
    ['without ids', '/queue', 10],
    ['with ids', '/done', 3],
  ])('equal deliveries at one instant to an endpoint %s (%s, %i times) end one wait', async (_, path, times) => {
    const { hooks, post } = await hosts.open(listening(type))
    await hooks.open()
    const ends: unknown[] = []
    for (const id of ['a', 'b'])
      hooks.wait(id, { path }).then(
        (result) => ends.push(result),
        () => undefined,
      )
    await waitUntil(() => hooks.stats().waiting === 2)
    const send = (delivery: string) => post(path).set('X-Delivery', delivery).send({ id: 'a', n: delivery }).expect(200)
    await Promise.all(Array.from({ length: times }, () => send('one')))
    await waitUntil(() => ends.length > 0)
    expect(ends).toEqual(['one'])
    expect(hooks.stats()).toMatchObject({ settled: 1, duplicate: times - 1, waiting: 1 })
  })

  test('equal events at one instant start one run, and it is told once', async () => {
    const { hooks, post } = await hosts.open(listening(type))
    await hooks.open()
    const started: (string | undefined)[] = []
    const tasks = new Set<string>()
    hooks.on('started', ({ id, task }) => {
      started.push(id)
      tasks.add(task)
    })
    const send = (id: string) => post('/news').send({ id }).expect(200)
    await Promise.all(Array.from({ length: 30 }, () => send('same')))
    await Promise.all(Array.from({ length: 30 }, (_, index) => send(`event-${index % 10}`)))
    await waitUntil(() => hooks.stats().tasks.succeeded === 11)
    expect(started).toHaveLength(11)
    expect(new Set(started)).toEqual(new Set(['same', ...Array.from({ length: 10 }, (_, index) => `event-${index}`)]))
    expect(tasks.size).toBe(11)
    for (const task of tasks) expect(await hooks.task(task)).toMatchObject({ status: 'succeeded' })
    expect(hooks.stats()).toMatchObject({ started: 11, duplicate: 49 })
  })
})

describe('thousands of runs at one instant', () => {
  test('are all taken, one after another', async () => {
    const count = 5000
    const { hooks } = await hosts.open(listening('file'))
    await hooks.open()
    const submitted = await Promise.all(Array.from({ length: count }, (_, id) => hooks.submit({ id })))
    expect(new Set(submitted.map(({ id }) => id)).size).toBe(count)
    await Promise.all(submitted.map((task) => task.result()))
    await waitUntil(() => hooks.stats().tasks.succeeded === count)
    expect(hooks.stats().tasks).toMatchObject({ succeeded: count, failed: 0, running: 0 })
  }, 120_000)
})

describe('a wait by hand', () => {
  test('that is asked again after its process is gone takes what came meanwhile at once', async () => {
    const first = await hosts.open(listening('file'))
    await first.hooks.open()
    const gone = expect(first.hooks.wait('a', { path: '/done' })).rejects.toMatchObject({ code: 'ERR_CLOSED' })
    await waitUntil(() => first.hooks.stats().waiting === 1)
    await first.hooks.close()
    await gone
    const second = await hosts.open(listening('file'))
    await second.hooks.open()
    await second.post('/done').send({ id: 'a', n: 1 }).expect(200)
    expect(await second.hooks.wait('a', { path: '/done' })).toBe(1)
    await second.post('/done').send({ id: 'a', n: 2 }).expect(200)
    expect(second.hooks.stats().duplicate).toBe(1)
  })
})
