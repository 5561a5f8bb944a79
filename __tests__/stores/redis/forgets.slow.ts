import { describe, expect, test } from '@jest/globals'
import { useRedis } from '../../helpers/use-redis'
import { until } from '../use-shared-ledgers'
import { describeRedis, HOUR, useRedisLedgers, type WatchedLedger } from './use-redis-ledgers'

const RECORD = { data: null, ttlMs: HOUR }
const isLost = (lines: readonly string[]): number =>
  lines.filter((line) => line.includes('has lost its records')).length

describeRedis('a Redis that forgets', () => {
  const ledgers = useRedisLedgers()

  async function expectWorking({ ledger, messages, due }: WatchedLedger): Promise<void> {
    expect(await ledger.append('key', 'new', 'entry', { orCreate: RECORD })).toBe(1)
    expect(await ledger.read('key', 'new')).toEqual({ data: null, log: ['entry'], cut: 0 })
    expect((await ledger.list('key')).ids).toContain('new')
    await ledger.create('run', 'soon', { data: null, ttlMs: 0 })
    await until(() => due.includes('run/soon'))
    await ledger.publish('after')
    await until(() => messages.includes('after'))
  }

  describe('since it was flushed', () => {
    const server = useRedis()
    const forget = {
      FLUSHALL: ['flushall'],
      FLUSHDB: ['flushdb'],
      'DEL of the index of due times': ['due'],
    }

    test.each(Object.entries(forget))('%s is noticed before the next write, and told once', async (_, [name = '']) => {
      const watched = await ledgers.open({ url: server.url })
      const { ledger, lines, backs } = watched
      await ledger.append('key', 'one', 'entry', { orCreate: RECORD })
      const client = ledgers.connect(server.url)
      await (name.startsWith('flush') ? client.call(name) : client.del(`{${ledgers.prefix()}}:${name}`))
      if (name !== 'ids') {
        const results = await Promise.all([1, 2, 3].map((n) => ledger.append('key', 'two', n, { orCreate: RECORD })))
        expect(results).toEqual([1, 2, 3])
      }
      await until(() => backs() > 0)
      expect([backs(), isLost(lines)]).toEqual([1, 1])
      await expectWorking(watched)
      expect([backs(), isLost(lines)]).toEqual([1, 1])
      if (!name.startsWith('flush')) expect((await ledger.list('key')).ids).toContain('one')
    })

    test('every process is told, also those that do nothing', async () => {
      const all = [await ledgers.open({ url: server.url }), await ledgers.open({ url: server.url })]
      await all[0]?.ledger.append('key', 'one', 'entry', { orCreate: RECORD })
      await ledgers.connect(server.url).flushall()
      await until(() => all.every(({ backs }) => backs() > 0))
      expect(all.map(({ backs }) => backs())).toEqual([1, 1])
      for (const watched of all) expect(await watched.ledger.read('key', 'one')).toBeUndefined()
    })

    test('a record that was worked on is not brought back by the answer of its handler', async () => {
      let answer: (answer: { keepMs: number }) => void = () => undefined
      const { ledger, due, backs } = await ledgers.open(
        { url: server.url },
        () => new Promise((resolve) => (answer = resolve)),
      )
      await ledger.append('run', 'one', 'entry', { orCreate: { data: null, ttlMs: 0 } })
      await until(() => due.length > 0)
      await ledgers.connect(server.url).flushall()
      await until(() => backs() > 0)
      answer({ keepMs: HOUR })
      await ledger.append('key', 'two', 'entry', { orCreate: RECORD })
      expect(await ledger.list('run')).toEqual({ ids: [], after: undefined })
    })
  })

  describe('when it crashes', () => {
    describe('without its append-only file', () => {
      const server = useRedis(['--appendonly', 'no'])

      test('its records are gone, and the process is told once that it is back', async () => {
        const watched = await ledgers.open({ url: server.url })
        await watched.ledger.append('key', 'one', 'entry', { orCreate: RECORD })
        await server.stop()
        await server.start()
        await until(() => watched.backs() > 0)
        expect(await watched.ledger.read('key', 'one')).toBeUndefined()
        expect([watched.backs(), isLost(watched.lines)]).toEqual([1, 1])
        await expectWorking(watched)
      })
    })

    describe('with its append-only file', () => {
      const server = useRedis()

      test('nothing is gone, and the process is told that messages may have got lost', async () => {
        const watched = await ledgers.open({ url: server.url })
        await watched.ledger.append('key', 'one', 'entry', { orCreate: RECORD })
        await server.stop()
        await server.start()
        await until(() => watched.backs() > 0)
        expect(await watched.ledger.append('key', 'one', 'after')).toBe(2)
        expect([watched.backs(), isLost(watched.lines)]).toEqual([1, 0])
        await expectWorking(watched)
      })
    })
  })
})

describeRedis('a Redis whose memory is full', () => {
  const ledgers = useRedisLedgers()
  const server = useRedis(['--appendonly', 'no'])
  const fill = 'x'.repeat(50_000)

  /** Leaves so much memory to the server that it is full after a few writes. */
  async function limitMemory(policy: string): Promise<ReturnType<typeof ledgers.connect>> {
    const client = ledgers.connect(server.url)
    await client.flushall()
    const used = Number(/used_memory:(\d+)/.exec(await client.info('memory'))?.[1])
    await client.config('SET', 'maxmemory-policy', policy)
    await client.config('SET', 'maxmemory', String(used + 3_000_000))
    return client
  }

  test.each(['allkeys-lru', 'allkeys-random'])('%s: lost records are noticed and told', async (policy) => {
    const client = await limitMemory(policy)
    const { ledger, lines, backs } = await ledgers.open({ url: server.url })
    expect(lines.filter((line) => line.includes('set its maxmemory-policy to noeviction'))).toHaveLength(1)
    const ids = [...Array(40).keys()].map((number) => `id-${number}`)
    for (const id of ids) await ledger.append('run', id, fill, { orCreate: RECORD })
    for (let number = 0; number < 100; number++) await client.set(`other-${number}`, fill)
    await until(() => backs() > 0)
    expect(lines.filter((line) => /has (removed \d+|lost its) records/.test(line)).length).toBeGreaterThan(0)
    await client.config('SET', 'maxmemory', '0')
    for (const id of ids) await ledger.append('run', id, 'again', { orCreate: RECORD })
    await until(async () => (await ledger.list('run')).ids.length === ids.length)
  })

  test('noeviction: writes are refused with a reason, told once; what is due goes, and makes room', async () => {
    const client = await limitMemory('noeviction')
    const { ledger, due, lines, backs } = await ledgers.open({ url: server.url })
    const soon = { data: fill, ttlMs: 3_000 }
    for (let number = 0; number < 10; number++) await ledger.create('mark', `mark-${number}`, soon)
    await ledger.create('owner', 'one', RECORD)
    await ledger.create('run', 'due', soon)
    const filling: Promise<void>[] = []
    for (let number = 0; number < 100; number++)
      filling.push(
        client.set(`other-${number}`, fill).then(
          () => undefined,
          () => undefined,
        ),
      )
    await Promise.all(filling)
    const error: unknown = await ledger
      .append('key', 'one', fill, { orCreate: RECORD })
      .catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ code: 'ERR_STORE_UNAVAILABLE', message: expect.stringContaining('raise maxmemory') })
    expect(await ledger.touch('owner', 'one', HOUR)).toBe(true)
    expect(await ledger.read('owner', 'one')).toEqual({ data: null, log: [], cut: 0 })
    await until(() => due.length > 0)
    await until(async () => (await ledger.list('mark')).ids.length === 0)
    await until(() =>
      ledger.append('key', 'one', 'entry', { orCreate: RECORD }).then(
        () => true,
        () => false,
      ),
    )
    expect(lines.filter((line) => line.includes('reports an error'))).toHaveLength(1)
    expect(backs()).toBe(0)
    await client.config('SET', 'maxmemory', '0')
  })
})
