import { describe, expect, test } from '@jest/globals'
import { useHosts } from '../helpers/use-hosts'

const hosts = useHosts()

interface Case {
  readonly spec: object
  readonly body: object
  readonly verdict: 'succeeded' | 'failed' | 'pending'
}

const both = { status: '${body.s}', success_when: ['ok', 200, true], fail_when: ['bad', 'null'] }
const onlySuccess = { status: '${body.s}', success_when: 'ok' }
const onlyFail = { status: '${body.s}', fail_when: ['bad', 0] }

const cases: readonly Case[] = [
  { spec: {}, body: { s: 'bad' }, verdict: 'succeeded' },
  { spec: { status: '${body.s}' }, body: { s: 'bad' }, verdict: 'succeeded' },
  { spec: { status: '${body.s}' }, body: {}, verdict: 'succeeded' },
  { spec: both, body: { s: 'ok' }, verdict: 'succeeded' },
  { spec: both, body: { s: 200 }, verdict: 'succeeded' },
  { spec: both, body: { s: '200' }, verdict: 'succeeded' },
  { spec: both, body: { s: true }, verdict: 'succeeded' },
  { spec: both, body: { s: 'true' }, verdict: 'succeeded' },
  { spec: both, body: { s: 'bad' }, verdict: 'failed' },
  { spec: both, body: { s: 'BAD' }, verdict: 'pending' },
  { spec: both, body: { s: 'ok ' }, verdict: 'pending' },
  { spec: both, body: { s: null }, verdict: 'pending' },
  { spec: both, body: { s: '' }, verdict: 'pending' },
  { spec: both, body: { s: ['ok'] }, verdict: 'pending' },
  { spec: both, body: { s: { ok: 1 } }, verdict: 'pending' },
  { spec: both, body: {}, verdict: 'pending' },
  { spec: onlySuccess, body: { s: 'ok' }, verdict: 'succeeded' },
  { spec: onlySuccess, body: { s: 'other' }, verdict: 'pending' },
  { spec: onlySuccess, body: {}, verdict: 'pending' },
  { spec: onlyFail, body: { s: 'other' }, verdict: 'succeeded' },
  { spec: onlyFail, body: { s: 0 }, verdict: 'failed' },
  { spec: onlyFail, body: { s: 'bad' }, verdict: 'failed' },
  { spec: onlyFail, body: {}, verdict: 'pending' },
  ...[
    { in: '1.10', s: 1.1 },
    { in: '1.0', s: 1 },
    { in: '00', s: 0 },
    { in: '+49', s: 49 },
    { in: '0x1F', s: 31 },
    { in: '1e3', s: 1000 },
    { in: 'True', s: true },
    { in: 'FALSE', s: false },
  ].flatMap(({ in: written, s }): Case[] => [
    { spec: { status: '${body.s}', success_when: [written] }, body: { s }, verdict: 'succeeded' },
    { spec: { status: '${body.s}', fail_when: [written] }, body: { s }, verdict: 'failed' },
    { spec: { status: '${body.s}', success_when: [written] }, body: { s: String(s) }, verdict: 'pending' },
  ]),
  { spec: { status: '${body.s}', success_when: ['00'], fail_when: ['0'] }, body: { s: 0 }, verdict: 'failed' },
  { spec: { status: '${body.s}', success_when: ['', ' ', 'x'] }, body: { s: 0 }, verdict: 'pending' },
  { spec: { status: '${body.s}', success_when: ['NaN', '1_000'] }, body: { s: 1000 }, verdict: 'pending' },
  { spec: { ...both, status: '${body..s}' }, body: { deep: { s: 'bad' }, s: 'other' }, verdict: 'pending' },
  { spec: { ...both, status: '${body..state}' }, body: { deep: { state: 'bad' } }, verdict: 'failed' },
  { spec: { ...both, status: '${body..state}' }, body: { deep: {} }, verdict: 'pending' },
  { spec: { ...both, status: '${body.s | "bad"}' }, body: {}, verdict: 'failed' },
  { spec: { ...both, status: '${header.X-State}' }, body: {}, verdict: 'pending' },
]

test.each(cases)('$spec with $body is $verdict', async ({ spec, body, verdict }) => {
  const { hooks, post } = await hosts.open({ listener: { path: '/done', identify_by: '${body.id}', ...spec } })
  const wait = hooks.wait('a')
  const answer = await post('/done').send({ id: 'a', ...body })
  expect([answer.status, answer.text]).toEqual([200, ''])
  const { settled, failed, pending, waiting } = hooks.stats()
  expect({ settled, failed, pending, waiting }).toEqual({
    settled: verdict === 'succeeded' ? 1 : 0,
    failed: verdict === 'failed' ? 1 : 0,
    pending: verdict === 'pending' ? 1 : 0,
    waiting: verdict === 'pending' ? 1 : 0,
  })
  if (verdict === 'succeeded') await expect(wait).resolves.toEqual({ id: 'a', ...body })
  if (verdict === 'failed') await expect(wait).rejects.toMatchObject({ code: 'ERR_CALLBACK_FAILED' })
})

describe('item without bulk', () => {
  const listener = {
    path: '/done',
    item: '${body.event}',
    identify_by: '${item.id}',
    status: '${item.s}',
    fail_when: 'x',
  }

  test('narrows the body to a part, which is the result', async () => {
    const { hooks, post } = await hosts.open({ listener })
    const wait = hooks.wait('a', { full: true })
    await post('/done').send({ event: { id: 'a', s: 'y' }, other: 1 })
    await expect(wait).resolves.toMatchObject({
      result: { id: 'a', s: 'y' },
      body: { event: { id: 'a', s: 'y' }, other: 1 },
    })
  })

  test('may be a list, which is one item', async () => {
    const { hooks, post } = await hosts.open({
      listener: { path: '/done', item: '${body.list}', identify_by: '${item[0]}' },
    })
    const wait = hooks.wait('a')
    await post('/done').send({ list: ['a', 'b'] })
    await expect(wait).resolves.toEqual(['a', 'b'])
  })

  test('that is missing identifies nobody', async () => {
    const { hooks, post } = await hosts.open({ listener })
    expect((await post('/done').send({ id: 'a' })).status).toBe(200)
    expect(hooks.stats()).toMatchObject({ unidentified: 1, parked: 0 })
  })
})
