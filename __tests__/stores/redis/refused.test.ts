import { describe, expect, test } from '@jest/globals'
import { checkServer } from '../../../adapters/stores/redis/check'
import { createUnavailable } from '../../../adapters/stores/redis/errors'
import { describeUrl } from '../../../adapters/stores/server-errors'
import { createRedisLedger } from '../../../adapters/stores/redis/ledger'
import { splitNodes } from '../../../lib/base/given-clients'
import { useRedis } from '../../helpers/use-redis'
import { createLog, REAL_CLOCK, until } from '../use-shared-ledgers'
import { describeRedis, HOUR, useRedisLedgers } from './use-redis-ledgers'

const HANDLERS = {
  onDue: async () => ({ remove: true }) as const,
  onMessage: () => undefined,
  onBack: () => undefined,
}
const RECORD = { data: null, ttlMs: HOUR }

test.each([
  ['redis://127.0.0.1:6379', 'redis://127.0.0.1:6379'],
  ['redis://:secret@host:6379/2', 'redis://host:6379/2'],
  ['rediss://user:secret@host', 'rediss://host'],
  ['redis://user:se@cr:et/@host/0?password=secret#secret', 'redis://host/0'],
  ['redis://user:sec?ret@host', 'redis://host'],
  ['redis://:secret@a:7000,b:7001', 'redis://a:7000,b:7001'],
])('messages call %s %s', (url, shown) => {
  expect(describeUrl(url)).toBe(shown)
})

test.each([
  ['redis://host', ['redis://host']],
  ['redis://a:7000,b:7001/0', ['redis://a:7000/0', 'redis://b:7001/0']],
  [
    'rediss://user:a,b@a,[::1]:7,c?family=6',
    ['rediss://user:a,b@a?family=6', 'rediss://user:a,b@[::1]:7?family=6', 'rediss://user:a,b@c?family=6'],
  ],
])('%s names nodes', (url, nodes) => {
  expect(splitNodes(url)).toEqual(nodes)
})

test.each([
  [
    'Client network socket disconnected before secure TLS connection was established',
    'it speaks no TLS there; the url may have to begin with redis://',
  ],
  [
    "READONLY You can't write against a read only replica.",
    'it is a replica, which cannot be written; the url must name the primary',
  ],
  [
    'MISCONF Redis is configured to save RDB snapshots',
    'it cannot write to its disk, and takes no writes until it can',
  ],
  ['CLUSTERDOWN Hash slot not served', 'the cluster is down, or misses the node that has the keys'],
  ['MASTERDOWN Link with MASTER is down', 'it is a replica whose primary is down'],
  ['LOADING Redis is loading the dataset in memory', 'it is loading its data after a start'],
  ['OOM command not allowed', 'its memory is full; raise maxmemory'],
])('the error "%s" is explained', (text, meaning) => {
  const { code, message } = createUnavailable('redis://host', new Error(text))
  expect([code, message]).toEqual([
    'ERR_STORE_UNAVAILABLE',
    `The store redis://host is not available: ${meaning} (${text})`,
  ])
})

describe('what is no Redis store', () => {
  const { logger } = createLog()
  const options = { prefix: 'test', clock: REAL_CLOCK, logger }

  test.each([
    [
      { url: 'postgres://user:secret@host/db' },
      'The url of a redis store begins with redis://, not as postgres://host/db does',
    ],
    [
      { url: '', redis: {} },
      'options.redis is no client: expected a client of the package ioredis: new Redis(…) or new Cluster(…)',
    ],
    [
      { url: '', redis: 'redis://host' },
      'options.redis is no client: expected a client of the package ioredis: new Redis(…) or new Cluster(…)',
    ],
    [
      { url: '', redis: { sendCommand: () => undefined, duplicate: () => undefined } },
      'options.redis is no client: it looks like a client of the package redis; expected one of ioredis',
    ],
  ])('%j is refused', (wrong, message) => {
    expect(() => createRedisLedger({ ...options, ...wrong } as Parameters<typeof createRedisLedger>[0])).toThrow(
      expect.objectContaining({ code: 'ERR_CONFIG_VALUE', message }),
    )
  })

  test('without its package it says what to install', async () => {
    const load = (): never => {
      throw Object.assign(new Error("Cannot find module 'ioredis'"), { code: 'MODULE_NOT_FOUND' })
    }
    const ledger = createRedisLedger({ ...options, url: 'redis://127.0.0.1', load })
    await expect(ledger.open(HANDLERS)).rejects.toMatchObject({
      code: 'ERR_CONFIG_UNSUPPORTED',
      message: 'A redis store needs the package ioredis, which is not installed: npm install ioredis',
    })
    await ledger.close()
  })
})

describe('what a Redis tells of itself', () => {
  const info = { policy: undefined, isLoading: false, isReplica: false }

  test.each([['7.0.15'], ['6.2.0'], ['7.2.4'], ['10.0.0'], [undefined]])('version %s is good enough', (version) => {
    expect(() => checkServer({ ...info, version })).not.toThrow()
  })

  test.each([['6.0.16'], ['5.0.7'], ['4.9.103']])('version %s is refused', (version) => {
    expect(() => checkServer({ ...info, version })).toThrow(
      `Redis 6.2 or newer is needed, or a Valkey, and this is ${version}`,
    )
  })

  test.each([
    [{ ...info, version: '7.0.0', isReplica: true }, 'READONLY'],
    [{ ...info, version: '7.0.0', isLoading: true }, 'LOADING'],
  ])('%j is refused', (told, error) => {
    expect(() => checkServer(told)).toThrow(error)
  })
})

describeRedis('a Redis that refuses', () => {
  const server = useRedis()
  const ledgers = useRedisLedgers()

  async function refusal(url: string): Promise<string> {
    const ledger = ledgers.create({ url })
    const error: unknown = await ledger.open(HANDLERS).catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ code: 'ERR_STORE_UNAVAILABLE' })
    expect(String(error)).not.toContain('secret')
    return String(error)
  }

  test.each([
    [
      'a wrong password',
      (url: string) => url.replace('secret', 'other-secret'),
      'user and password in the url are not right',
    ],
    ['a wrong user', (url: string) => url.replace('//:', '//nobody:'), 'user and password in the url are not right'],
    ['no password', (url: string) => url.replace(/:secret[^@]*@/, ''), 'it wants a password'],
    ['a database that is not there', (url: string) => `${url}/99`, 'that database does not exist'],
    ['a host that is not there', (url: string) => url.replace('127.0.0.1', 'nowhere.invalid'), 'host'],
  ])('%s says so', async (_, change, message) => {
    expect(await refusal(change(server.url))).toContain(message)
  })

  test('each of its databases is a store of its own, messages included', async () => {
    const [one, other] = [await ledgers.open({ url: server.url }), await ledgers.open({ url: `${server.url}/3` })]
    await one.ledger.create('run', 'one', RECORD)
    await one.ledger.publish('from one')
    await other.ledger.publish('from other')
    await until(() => other.messages.length > 0)
    expect(other.messages).toEqual(['from other'])
    expect(await other.ledger.read('run', 'one')).toBeUndefined()
  })

  test('prefixes with characters of their own are stores of their own', async () => {
    const prefixes = ['a', 'a:b', 'a}b', '}', '{', '{}', '%7B', 'ä ', 'a*']
    const opened = await Promise.all(prefixes.map((prefix) => ledgers.open({ url: server.url, prefix })))
    for (const [index, { ledger }] of opened.entries()) await ledger.create('run', `id-${index}`, RECORD)
    for (const [index, { ledger }] of opened.entries())
      expect(await ledger.list('run')).toEqual({ ids: [`id-${index}`], after: undefined })
  })

  describe('a user', () => {
    const keys = (): string => `~{${ledgers.prefix()}}:* &{${ledgers.prefix()}}:messages:*`
    const rights = '+@read +@write +@scripting +@connection +@pubsub +time'

    async function addUser(name: string, rules: string): Promise<string> {
      await ledgers
        .connect(server.url)
        .call('ACL', 'SETUSER', name, 'reset', 'on', '>secret-of-user', ...rules.split(' '))
      return server.url.replace(/\/\/[^@]*@/, `//${name}:secret-of-user@`)
    }

    test('who may use the keys of the store only, and neither INFO nor CONFIG nor CLUSTER, can use it', async () => {
      const url = await addUser('guest', `${keys()} ${rights} -info -config -cluster`)
      const { ledger, due, messages, lines } = await ledgers.open({ url })
      expect(await ledger.claim('key', 'one', 1, { orCreate: RECORD, claim: { mark: 'mark', ttlMs: HOUR } })).toBe(1)
      await ledger.create('run', 'soon', { data: null, ttlMs: 0, group: 'group' })
      await until(() => due.length > 0)
      await ledger.publish('hello')
      await until(() => messages.length > 0)
      expect(lines).toEqual([])
    })

    test.each([
      ['no key of the store', `${rights} allchannels +info`],
      ['no scripts', `allkeys allchannels +@read +@write +@connection +@pubsub +info`],
      ['no channel', `allkeys resetchannels ${rights} +info`],
    ])('who may use %s is refused, with what an ACL has to allow', async (_, rules) => {
      const message = await refusal(await addUser('visitor', rules))
      expect(message).toMatch(/the user lacks a permission/)
    })
  })

  describe('a store of 0.4', () => {
    test.each(['key', 'run', 'mark', 'owner', 'messages'])(
      'is refused by its queue "%s", with how to drain it',
      async (queue) => {
        const client = ledgers.connect(server.url)
        const prefix = ledgers.prefix()
        await client.hset(`${prefix}:${queue}:meta`, 'opts.maxLenEvents', '1')
        const ledger = ledgers.create({ url: server.url })
        const error: unknown = await ledger.open(HANDLERS).catch((thrown: unknown) => thrown)
        expect(error).toMatchObject({ code: 'ERR_CONFIG_UNSUPPORTED' })
        expect(String(error)).toContain(`holds keys of express-callbacks 0.4 with the prefix "${prefix}"`)
        expect(String(error)).toContain(`redis-cli --scan --pattern '${prefix}:*' | xargs redis-cli del`)
        expect(String(error)).not.toMatch(/secret|\n/)
        expect(await client.exists(`{${prefix}}:due`)).toBe(0)
        await client.del(`${prefix}:${queue}:meta`)
        await ledger.open(HANDLERS)
        expect(await ledger.append('key', 'one', 'entry', { orCreate: RECORD })).toBe(1)
      },
    )
  })
})

describeRedis('a Redis that may forget', () => {
  const server = useRedis(['--maxmemory-policy', 'allkeys-lru'])
  const ledgers = useRedisLedgers()

  test('is warned of once, by each process', async () => {
    const { ledger, lines } = await ledgers.open({ url: server.url })
    await ledger.close()
    expect(lines).toEqual([
      `warn: The store redis://127.0.0.1:${server.port} forgets records when its memory is full; set its maxmemory-policy to noeviction {"policy":"allkeys-lru"}`,
    ])
  })
})
