import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from '@jest/globals'
import type { CallbacksConfig } from '../../lib'
import { type Host, useHosts } from '../helpers/use-hosts'

const hosts = useHosts()
const folders: string[] = []

afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true })
})

function trigger(more: object = {}, store: object = {}): CallbacksConfig {
  return {
    listener: { type: 'http-trigger', path: '/go', dedupe_by: '${header.X-Delivery}', ...more },
    workflow: { jobs: [{ component: 'logger' }] },
    ...store,
  }
}

function fileStore(): object {
  const path = mkdtempSync(join(tmpdir(), 'dedupe-triggers-'))
  folders.push(path)
  return { store: { type: 'file', path } }
}

function countRuns({ hooks }: Host): readonly string[] {
  const runs: string[] = []
  hooks.on('task', ({ task, status }) => void (status === 'running' && runs.push(task)))
  return runs
}

async function send(
  { post }: Host,
  delivery: string | undefined,
  body: object = {},
): Promise<readonly [number, string]> {
  const request = post('/go')
  const answer = await (delivery === undefined ? request : request.set('x-delivery', delivery)).send(body)
  return [answer.status, answer.text]
}

describe.each<[string, () => object]>([
  ['memory', () => ({})],
  ['file', fileStore],
])('a trigger with dedupe_by, by the store %s', (_name, createStore) => {
  test('starts one run of a delivery that is repeated', async () => {
    const host = await hosts.open(trigger({}, createStore()))
    const runs = countRuns(host)
    for (const delivery of ['a', 'a', 'b', 'a', 'b']) expect(await send(host, delivery)).toEqual([200, ''])
    expect(runs).toHaveLength(2)
    expect(host.hooks.stats()).toMatchObject({ started: 2, duplicate: 3, waiting: 0, parked: 0 })
  })

  test('starts one run of equal deliveries at one instant', async () => {
    const host = await hosts.open(trigger({}, createStore()))
    const runs = countRuns(host)
    const answers = await Promise.all(Array.from({ length: 10 }, () => send(host, 'a')))
    expect(answers).toEqual(answers.map(() => [200, '']))
    expect(runs).toHaveLength(1)
  })

  test.each([
    ['nothing', undefined],
    ['an empty header', ''],
  ])('starts a run each time when it reads %s', async (_what, delivery) => {
    const host = await hosts.open(trigger({}, createStore()))
    const runs = countRuns(host)
    for (const _ of [1, 2]) expect(await send(host, delivery)).toEqual([200, ''])
    expect(runs).toHaveLength(2)
  })
})

test('each item of a bulk delivery has its own start, and none a second one', async () => {
  const host = await hosts.open(trigger({ bulk: true, item: '${body.list}', dedupe_by: '${item.id}' }))
  const runs = countRuns(host)
  const list = [{ id: 1 }, { id: 2 }]
  for (const _ of [1, 2]) expect(await send(host, undefined, { list })).toEqual([200, ''])
  expect(runs).toHaveLength(2)
})

test('a delivery that was refused may come again', async () => {
  const host = await hosts.open(trigger({ input: '${body.n as integer}' }))
  const runs = countRuns(host)
  expect(await send(host, 'a', { n: 'x' })).toEqual([400, '{"error":"ERR_TEMPLATE"}'])
  expect(await send(host, 'a', { n: 1 })).toEqual([200, ''])
  expect(runs).toHaveLength(1)
})
