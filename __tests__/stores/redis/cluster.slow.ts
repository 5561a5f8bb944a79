import { describe, expect, test } from '@jest/globals'
import { Cluster } from 'ioredis'
import { createRedisLedger } from '../../../adapters/stores/redis/ledger'
import { describeLedger } from '../../helpers/ledger-contract'
import { REDIS_PASSWORD } from '../../helpers/use-redis'
import { useRedisCluster, withoutRedisCluster } from '../../helpers/use-redis-cluster'
import { createLog, REAL_CLOCK, until } from '../use-shared-ledgers'
import { HOUR, useRedisLedgers } from './use-redis-ledgers'

const RECORD = { data: null, ttlMs: HOUR }

const describeCluster =
  withoutRedisCluster === undefined
    ? describe
    : (title: string, tests: () => void) => describe.skip(`${title} (skipped: ${withoutRedisCluster})`, tests)

describeCluster('a Redis Cluster of three nodes', () => {
  const cluster = useRedisCluster()
  const ledgers = useRedisLedgers()
  const nodeAt = (index: number): string => `127.0.0.1:${cluster.ports[index]}`
  const urlOf = (...hosts: readonly string[]): string => `redis://:${REDIS_PASSWORD}@${hosts.join(',')}`
  let places = 0

  describeLedger('redis cluster', {
    isShared: true,
    soonMs: 300,
    async createPlace() {
      // Each place is in another slot, and often on another node than the one that is asked first.
      const prefix = `place-${places++}`
      return {
        createLedger() {
          const { logger } = createLog()
          return createRedisLedger({ url: urlOf(nodeAt(0)), prefix, clock: REAL_CLOCK, logger })
        },
        tick: () => new Promise((resolve) => setTimeout(resolve, 20).unref()),
        remove: async () => undefined,
      }
    },
  })

  test.each([0, 1, 2])('is found by its node %i alone, and all keys of a store are on one node', async (index) => {
    const url = urlOf(nodeAt(index))
    for (const prefix of ['a', 'b', 'c', 'd', 'e}f']) {
      const { ledger } = await ledgers.open({ url, prefix: `${ledgers.prefix()}-${prefix}` })
      const claim = { mark: 'mark', ttlMs: HOUR }
      expect(await ledger.claim('key', 'one', 1, { orCreate: { ...RECORD, group: 'g' }, claim })).toBe(1)
      expect(await ledger.claim('key', 'two', 1, { orCreate: RECORD, claim })).toBeUndefined()
      expect(await ledger.list('key', { group: 'g' })).toEqual({ ids: ['one'], after: undefined })
    }
  })

  test('is found by any of several nodes, whether those before are there or not', async () => {
    const { ledger } = await ledgers.open({ url: urlOf('127.0.0.1:1', nodeAt(1), '127.0.0.1:2') })
    expect(await ledger.append('key', 'one', 1, { orCreate: RECORD })).toBe(1)
  })

  test('messages are heard whichever node a process is connected to', async () => {
    const all = await Promise.all([0, 1, 2].map((index) => ledgers.open({ url: urlOf(nodeAt(index)) })))
    for (const [from, { ledger }] of all.entries()) await ledger.publish({ from })
    for (const { messages } of all) await until(() => messages.length === 3)
  })

  describe('by the client of an app', () => {
    test.each([
      ['connected', {}],
      ['not connected yet', { lazyConnect: true }],
      ['with a prefix of keys', { keyPrefix: 'app:' }],
    ])('%s, which stays open', async (_, options) => {
      const nodes = [{ host: '127.0.0.1', port: cluster.ports[1] ?? 0 }]
      const redis = new Cluster(nodes, { ...options, redisOptions: { password: REDIS_PASSWORD } })
      redis.on('error', () => undefined)
      const { ledger, messages } = await ledgers.open({ redis })
      expect(await ledger.append('key', 'one', 1, { orCreate: RECORD })).toBe(1)
      await ledger.publish('hello')
      await until(() => messages.length > 0)
      await ledger.close()
      const byUrl = await ledgers.open({ url: urlOf(nodeAt(0)) })
      expect(await byUrl.ledger.read('key', 'one')).toEqual({ data: null, log: [1], cut: 0 })
      expect(['ready', 'connect']).toContain(redis.status)
      redis.disconnect()
    })
  })
})

describeCluster('a Redis Cluster whose node fails', () => {
  const cluster = useRedisCluster(1)
  const ledgers = useRedisLedgers()

  async function ask(port: number | undefined, ...command: readonly [string, ...string[]]): Promise<unknown> {
    return ledgers.connect(`redis://:${REDIS_PASSWORD}@127.0.0.1:${port}`).call(...command)
  }

  test('goes on with its replica, with what that has, and tells the process once', async () => {
    const [first, , , spare] = cluster.ports
    const prefix = 'app'
    const slot = Number(await ask(first, 'CLUSTER', 'KEYSLOT', `{${prefix}}:due`))
    const slots = (await ask(first, 'CLUSTER', 'SLOTS')) as readonly [
      number,
      number,
      readonly [string, number, string],
    ][]
    const [, , owner] = slots.find(([begin, end]) => slot >= begin && slot <= end) ?? slots[0] ?? []
    const [, port = 0, id = ''] = owner ?? []
    await ask(first, 'CLUSTER', 'MEET', '127.0.0.1', String(spare), String(await busPortOf(spare)))
    await until(async () => String(await ask(spare, 'CLUSTER', 'NODES')).includes(id))
    await until(() =>
      ask(spare, 'CLUSTER', 'REPLICATE', id).then(
        () => true,
        () => false,
      ),
    )
    await until(async () => String(await ask(spare, 'INFO', 'replication')).includes('master_link_status:up'))

    const other = cluster.ports.find((known) => known !== port) ?? 0
    const url = `redis://:${REDIS_PASSWORD}@127.0.0.1:${port},127.0.0.1:${other}`
    const { ledger, messages, lines, backs } = await ledgers.open({ url, prefix })
    await ledger.append('run', 'one', 'before', { orCreate: RECORD })
    await until(async () => String(await ask(spare, 'CLUSTER', 'COUNTKEYSINSLOT', String(slot))) !== '0')
    await ask(port, 'WAIT', '1', '1000')
    await cluster.nodes[cluster.ports.indexOf(port)]?.stop()
    await until(() => backs() > 0)
    expect(await ledger.append('run', 'one', 'after')).toBe(2)
    await ledger.publish('hello')
    await until(() => messages.length > 0)
    expect(lines.map((line) => line.split(' {')[0])).toEqual([
      expect.stringMatching(
        /^warn: The store .* is away: callbacks are answered 503, and runs pause, until it is back$/,
      ),
      expect.stringMatching(/^info: The store .* is back$/),
    ])
    expect(backs()).toBe(1)
  }, 60_000)

  async function busPortOf(port: number | undefined): Promise<number> {
    const [, bus] = /@(\d+)/.exec(String(await ask(port, 'CLUSTER', 'NODES'))) ?? []
    return Number(bus)
  }
})
