import { expect, test } from '@jest/globals'
import { useHalfOpenProxy } from '../../helpers/half-open-proxy'
import { useRedis } from '../../helpers/use-redis'
import { until } from '../use-shared-ledgers'
import { describeRedis, HOUR, useRedisLedgers } from './use-redis-ledgers'

const RECORD = { data: null, ttlMs: HOUR }

describeRedis('a connection that is half open', () => {
  const server = useRedis()
  const proxy = useHalfOpenProxy(() => server.port)
  const ledgers = useRedisLedgers()
  const url = (): string => server.url.replace(String(server.port), String(proxy.port))

  test('is replaced within five seconds, while commands are sent', async () => {
    const { ledger, lines, backs } = await ledgers.open({ url: url() })
    await ledger.append('key', 'one', 0, { orCreate: RECORD })
    proxy.hang()
    const start = Date.now()
    const results = await Promise.allSettled([1, 2, 3].map((entry) => ledger.append('key', 'one', entry)))
    for (const result of results)
      expect(result).toMatchObject({ status: 'rejected', reason: { code: 'ERR_STORE_UNAVAILABLE' } })
    expect(await ledger.append('key', 'one', 'after')).toBe(2)
    expect(Date.now() - start).toBeLessThan(5_000)
    await until(() => backs() > 0)
    expect(lines.map((line) => line.split(' {')[0])).toEqual([
      `warn: The store redis://127.0.0.1:${proxy.port} is away: callbacks are answered 503, and runs pause, until it is back`,
      `info: The store redis://127.0.0.1:${proxy.port} is back`,
    ])
  })

  test('is replaced within five seconds, while nothing is sent, and messages are heard again', async () => {
    const { messages, backs } = await ledgers.open({ url: url() })
    const other = await ledgers.open({ url: server.url })
    proxy.hang()
    const start = Date.now()
    await until(() => backs() > 0)
    await until(async () => {
      await other.ledger.publish('hello')
      return messages.includes('hello')
    })
    expect(Date.now() - start).toBeLessThan(5_500)
  })

  test('does not take a record from the process that works on it', async () => {
    let answer: (answer: { remove: true }) => void = () => undefined
    const one = await ledgers.open({ url: url() }, () => new Promise((resolve) => (answer = resolve)))
    await one.ledger.create('run', 'one', { data: null, ttlMs: 0 })
    await until(() => one.due.length > 0)
    const other = await ledgers.open({ url: server.url })
    proxy.hang()
    await until(() => one.backs() > 0)
    answer({ remove: true })
    await until(async () => (await other.ledger.read('run', 'one')) === undefined)
    expect([one.due, other.due]).toEqual([['run/one'], []])
  })
})
