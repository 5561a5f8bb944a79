import { expect, test } from '@jest/globals'
import type { Ledger } from '../../../lib/base/contracts'
import { useRedis } from '../../helpers/use-redis'
import { describeRedis, HOUR, useRedisLedgers } from './use-redis-ledgers'

const RECORD = { data: 'new', ttlMs: HOUR }
const claimed = { orCreate: RECORD, claim: { mark: 'one', ttlMs: HOUR } }

describeRedis('a mark whose time is up, and that is not removed yet', () => {
  const server = useRedis()
  const ledgers = useRedisLedgers()

  /** A mark that is overdue, and that nothing has looked at since. */
  async function openWithOverdue(): Promise<Ledger> {
    const { ledger } = await ledgers.open({ url: server.url })
    await ledger.append('mark', 'one', 'entry', { orCreate: { data: 'old', ttlMs: HOUR } })
    await ledgers.connect(server.url).zadd(`{${ledgers.prefix()}}:due`, 1, 'mark:one')
    return ledger
  }

  test.each<[string, (ledger: Ledger) => Promise<unknown>, unknown, unknown]>([
    ['is not read', (ledger) => ledger.read('mark', 'one'), undefined, undefined],
    ['is claimed', (ledger) => ledger.claim('key', 'two', 'entry', claimed), 1, { data: null, log: [], cut: 0 }],
    ['is created', (ledger) => ledger.create('mark', 'one', RECORD), undefined, { data: 'new', log: [], cut: 0 }],
    ['is appended to as if it were new', (ledger) => ledger.append('mark', 'one', 2), 0, undefined],
    [
      'is made by an append that may',
      (ledger) => ledger.append('mark', 'one', 2, { orCreate: RECORD }),
      1,
      { data: 'new', log: [2], cut: 0 },
    ],
    ['is not put off', (ledger) => ledger.touch('mark', 'one', HOUR), false, undefined],
    ['is not cut', (ledger) => ledger.cut('mark', 'one', 1, 'cut'), false, undefined],
  ])('%s', async (_name, step, answer, after) => {
    const ledger = await openWithOverdue()
    expect(await step(ledger)).toEqual(answer)
    expect(await ledger.read('mark', 'one')).toEqual(after)
  })

  test('is told from what is no mark, or not overdue, among many that are read at once', async () => {
    const ledger = await openWithOverdue()
    await ledger.create('key', 'one', { data: 'key', ttlMs: HOUR })
    await ledger.create('mark', 'other', { data: 'other', ttlMs: HOUR })
    const ids = ['one', 'other', 'none'] as const
    const marks = await Promise.all([...ids, ...ids].map((id) => ledger.read('mark', id)))
    const other = { data: 'other', log: [], cut: 0 }
    expect(marks).toEqual([undefined, other, undefined, undefined, other, undefined])
    expect(await ledger.read('key', 'one')).toEqual({ data: 'key', log: [], cut: 0 })
  })

  test('an unreadable record among those that are read at once fails alone', async () => {
    const { ledger } = await ledgers.open({ url: server.url })
    const ids = Array.from({ length: 150 }, (_, number) => `id-${number}`)
    await Promise.all(ids.map((id) => ledger.create('key', id, { data: id, ttlMs: HOUR })))
    const client = ledgers.connect(server.url)
    for (const id of ['id-0', 'id-70']) {
      await client.del(`{${ledgers.prefix()}}:key:${id}`)
      await client.set(`{${ledgers.prefix()}}:key:${id}`, 'no list')
    }
    const read = await Promise.allSettled(ids.map((id) => ledger.read('key', id)))
    for (const [index, one] of read.entries()) {
      if (index === 0 || index === 70)
        expect(one).toMatchObject({ status: 'rejected', reason: { code: 'ERR_STORE_UNAVAILABLE' } })
      else expect(one).toMatchObject({ status: 'fulfilled', value: { data: `id-${index}` } })
    }
  })
})
