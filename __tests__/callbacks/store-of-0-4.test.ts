import { copyFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import type { CallbacksConfig } from '../../lib'
import { useServices } from '../helpers/fake-service'
import { waitUntil } from '../helpers/store-contract'
import { useHosts } from '../helpers/use-hosts'

/** Written by 0.4.0, which was killed then: two runs wait, one for its second callback; others came early or are settled. */
const JOURNAL = join(__dirname, '../fixtures/stores/journal-0.4.0')
/** When the journal was written. */
const START = Date.UTC(2026, 0, 1)
const TASKS = ['ec4ae75d-77f3-44a1-9bf2-b69b76ea7499', '8206d330-7cb6-4897-ba8e-d20959d19638'] as const
const SENT = [
  '0d1c3ad4-abe1-4943-8dc6-c53f4c3c0b1d',
  '23071aa2-edf5-4ef6-9c5f-ae726cbec8cb',
  'b51b7abf-fca0-4ecf-9897-32ed6b20c92e',
] as const

const services = useServices()
const hosts = useHosts()
let folder = ''

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'store-of-0-4-'))
  copyFileSync(JOURNAL, join(folder, 'journal'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

function drawing(origin: string): CallbacksConfig {
  return {
    store: { type: 'file', path: folder },
    listener: {
      callbacks: [
        {
          path: '/done',
          identify_by: '${body.id}',
          result: '${body.result}',
          dedupe_by: '${header.x-delivery}',
        },
        { path: '/queue', result: '${body.n}', dedupe_by: '${header.x-delivery}' },
      ],
    },
    components: {
      service: {
        base_url: origin,
        path: '/draw',
        body: { id: '${context.run_id}', what: '${input.what}', callback_url: 'http://localhost:8090/done' },
      },
    },
    workflows: { drawn: { default: true, jobs: [{ id: 'sketch', component: 'service' }] } },
  }
}

/** The definition in the journal names a service that nobody runs any more. */
const toService =
  (origin: string): typeof fetch =>
  (url, init) =>
    fetch(String(url).replace('http://127.0.0.1:9', origin), init)

describe('a store of 0.4 in a folder', () => {
  async function open() {
    const service = await services.open(() => ({ body: {} }))
    const host = await hosts.open(drawing(service.origin), {
      now: () => START + 1000,
      fetch: toService(service.origin),
    })
    await host.hooks.open()
    return { ...host, service }
  }

  test('is opened, and written on in the present format', async () => {
    const { hooks } = await open()
    expect(readFileSync(join(folder, 'journal'), 'utf8')).toMatch(
      /^\{"format":"express-callbacks journal","version":2,/,
    )
    for (const id of TASKS) expect(await hooks.task(id)).toMatchObject({ status: 'running' })
  })

  test('has runs that go on', async () => {
    const { hooks, post, service } = await open()
    const [cat, , dog] = SENT
    await post('/done')
      .send({ id: cat, result: { what: 'sketch of a cat' } })
      .expect(200)
    const { body } = await service.received(1)
    const { id: paint } = body as { readonly id: string }
    await post('/done')
      .send({ id: paint, result: { what: 'cat in oil' } })
      .expect(200)
    await post('/done')
      .send({ id: dog, result: { what: 'dog in oil' } })
      .expect(200)
    await waitUntil(() => hooks.stats().tasks.succeeded === 2)
    expect(await hooks.task(TASKS[0])).toMatchObject({ output: { sketch: 'sketch of a cat', paint: 'cat in oil' } })
    expect(await hooks.task(TASKS[1])).toMatchObject({ output: { sketch: 'sketch of a dog', paint: 'dog in oil' } })
    expect(service.requests).toHaveLength(1)
  })

  test('knows what came early, what is settled, and which delivery came', async () => {
    const { hooks, post } = await open()
    expect(await hooks.wait('early', { path: '/done' })).toEqual({ what: 'parked' })
    expect(await hooks.wait('any', { path: '/queue' })).toBe(2)
    const duplicates = () => hooks.stats().duplicate
    await post('/done').send({ id: 'settled', result: 2 }).expect(200)
    expect(duplicates()).toBe(1)
    await post('/queue').set('X-Delivery', 'delivery-2').send({ n: 1 }).expect(200)
    expect(duplicates()).toBe(2)
  })
})
