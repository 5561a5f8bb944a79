import { describe, expect, test } from '@jest/globals'
import type { DueAnswer } from '../../lib/base/contracts'
import { GONE } from '../helpers/ledger-place'
import { until } from '../tunnels/processes'
import { HOUR, useFileLedgers } from './use-file-ledgers'

const ledgers = useFileLedgers()

describe('records that are due', () => {
  test('cost one timer, beside that of the lock', async () => {
    const ledger = await ledgers.open()
    expect(ledgers.clock.timers).toBe(1)
    for (const id of ['a', 'b', 'c']) await ledger.create('key', id, { data: null, ttlMs: HOUR })
    expect(ledgers.clock.timers).toBe(2)
  })

  test('are noticed within a minute when the time of day was set', async () => {
    let ahead = 0
    const { clock } = ledgers
    const ledger = await ledgers.open({ clock: { ...clock, now: () => clock.now() + ahead } })
    await ledger.create('key', 'one', { data: null, ttlMs: 24 * HOUR })
    ahead = 24 * HOUR
    clock.advance(60_000)
    await ledgers.untilGone(ledger, 'key', 'one')
  })

  test('are dealt with a hundred at a time', async () => {
    const first = await ledgers.open()
    const ids = [...Array(250).keys()].map((number) => `id-${number}`)
    await Promise.all(ids.map((id) => first.create('run', id, { data: null, ttlMs: 1000 })))
    await first.close()
    ledgers.clock.advance(2000)
    const waiting: (() => void)[] = []
    let most = 0
    const ledger = await ledgers.open(undefined, {
      onDue: () =>
        new Promise((resolve) => {
          waiting.push(() => resolve(GONE))
          most = Math.max(most, waiting.length)
        }),
    })
    ledgers.clock.advance(0)
    await until(() => waiting.length === 100)
    expect((await ledger.list('run')).ids).toHaveLength(250)
    while ((await ledger.list('run')).ids.length > 0) {
      for (const finish of waiting.splice(0)) finish()
      await new Promise((resolve) => setImmediate(resolve))
    }
    expect(most).toBe(100)
  })

  test('rest for five seconds after they could not be dealt with', async () => {
    let calls = 0
    const onDue = async (): Promise<DueAnswer> => {
      calls++
      if (calls < 3) throw new Error('not now')
      return GONE
    }
    const ledger = await ledgers.open(undefined, { onDue })
    await ledger.create('key', 'one', { data: null, ttlMs: 1000 })
    ledgers.clock.advance(1000)
    await until(() => ledgers.log.length === 1)
    expect(ledgers.log[0]).toMatchObject({ level: 'warn', details: { kind: 'key', id: 'one' } })
    expect(await ledger.touch('key', 'one', HOUR)).toBe(false)
    ledgers.clock.advance(4999)
    expect(calls).toBe(1)
    ledgers.clock.advance(1)
    await until(() => ledgers.log.length === 2)
    ledgers.clock.advance(5000)
    await ledgers.untilGone(ledger, 'key', 'one')
    expect(calls).toBe(3)
  })

  test('whose handler throws at once are tried again too', async () => {
    let calls = 0
    const onDue = (): Promise<DueAnswer> => {
      calls++
      if (calls === 1) throw new Error('at once')
      return Promise.resolve(GONE)
    }
    const ledger = await ledgers.open(undefined, { onDue })
    await ledger.create('key', 'one', { data: null, ttlMs: 0 })
    ledgers.clock.advance(0)
    await until(() => ledgers.log.length === 1)
    ledgers.clock.advance(5000)
    await ledgers.untilGone(ledger, 'key', 'one')
  })

  test('that are dealt with when it closes stay', async () => {
    let finish = (): void => undefined
    const handled = new Promise<DueAnswer>((resolve) => (finish = () => resolve(GONE)))
    const ledger = await ledgers.open(undefined, { onDue: () => handled })
    await ledger.create('run', 'one', { data: 'data', ttlMs: 0 })
    ledgers.clock.advance(0)
    await ledger.close()
    finish()
    await handled
    expect(ledgers.log).toEqual([])
    const again = await ledgers.open()
    expect(await again.read('run', 'one')).toEqual({ data: 'data', log: [], cut: 0 })
  })
})

describe('messages', () => {
  test('come later, each as a copy', async () => {
    const messages: unknown[] = []
    const ledger = await ledgers.open(undefined, { onMessage: (message) => void messages.push(message) })
    const message = { list: [1] }
    const published = ledger.publish(message)
    message.list.push(2)
    expect(messages).toEqual([])
    await published
    await until(() => messages.length === 1)
    expect(messages).toEqual([{ list: [1] }])
  })

  test('that cannot be dealt with harm nobody', async () => {
    const onMessage = (): void => {
      throw new Error('no')
    }
    const ledger = await ledgers.open(undefined, { onMessage })
    await ledger.publish('message')
    await until(() => ledgers.log.length === 1)
    expect(ledgers.log[0]).toMatchObject({ level: 'error', details: { err: { message: 'no' } } })
  })

  test('do not come once it is closed', async () => {
    const messages: unknown[] = []
    const ledger = await ledgers.open(undefined, { onMessage: (message) => void messages.push(message) })
    const published = ledger.publish('message')
    const closed = ledger.close()
    await Promise.all([published, closed])
    await new Promise((resolve) => setImmediate(resolve))
    expect(messages).toEqual([])
  })
})
