import { describe, expect, jest, test } from '@jest/globals'
import { Client } from 'pg'
import { createBullmqLedger } from '../../adapters/stores/bullmq'
import { createUnavailable, describeUrl } from '../../adapters/stores/bullmq-errors'
import { checkServer } from '../../adapters/stores/bullmq-redis'
import { useRedis, withoutRedis } from '../helpers/use-redis'
import { createLog, describeBoth, describeOne, REAL_CLOCK, useLedgers } from './use-shared-ledgers'

const HANDLERS = { onDue: async () => undefined, onMessage: () => undefined, onBack: () => undefined }

describe('the url in messages', () => {
  test.each([
    ['redis://127.0.0.1:6379', 'redis://127.0.0.1:6379'],
    ['redis://:secret@host:6379/2', 'redis://host:6379/2'],
    ['rediss://user:secret@host', 'rediss://host'],
    ['postgres://user:se@cr:et/@host/db?password=secret#secret', 'postgres://host/db'],
    ['postgres://host/db?password=secret', 'postgres://host/db'],
    ['postgres://user:sec?ret@host/db', 'postgres://host/db'],
  ])('of %s', (url, shown) => {
    expect(describeUrl(url)).toBe(shown)
  })
})

test.each([
  [
    'rediss://host',
    'Client network socket disconnected before secure TLS connection was established',
    'it speaks no TLS there; the url may have to begin with redis://',
  ],
  [
    'postgres://host/db?sslmode=require',
    'The server does not support SSL connections',
    'it speaks no TLS; leave sslmode out of the url, or turn ssl on in the server',
  ],
])('%s of a server without TLS says so', (url, text, meaning) => {
  expect(createUnavailable(url, new Error(text)).message).toBe(
    `The store ${describeUrl(url)} is not available: ${meaning} (${text})`,
  )
})

test.each([
  [
    'redis',
    'postgres://user:secret@host/db',
    'The url of a redis store begins with redis://, not as postgres://host/db does',
  ],
  ['postgres', 'redis://:secret@host', 'The url of a postgres store begins with postgres://, not as redis://host does'],
] as const)('a %s store refuses another url: %s', (type, url, message) => {
  const { logger } = createLog()
  expect(() => createBullmqLedger({ type, url, prefix: 'test', clock: REAL_CLOCK, logger })).toThrow(
    expect.objectContaining({ code: 'ERR_CONFIG_VALUE', message }),
  )
})

describe('without its packages', () => {
  const missing = (name: string) => (): never => {
    throw Object.assign(new Error(`Cannot find module '${name}'`), { code: 'MODULE_NOT_FOUND' })
  }
  const installed = { bullmq: () => require('bullmq'), ioredis: () => require('ioredis'), pg: () => require('pg') }

  test.each([
    [
      'redis',
      { ...installed, bullmq: missing('bullmq'), ioredis: missing('ioredis') },
      'bullmq and ioredis',
      'ioredis',
    ],
    ['redis', { ...installed, ioredis: missing('ioredis') }, 'ioredis', 'ioredis'],
    ['postgres', { ...installed, bullmq: missing('bullmq') }, 'bullmq', 'pg'],
    ['postgres', { ...installed, pg: missing('pg') }, 'pg', 'pg'],
  ] as const)('a %s store says what to install', async (type, libraries, named, client) => {
    const { logger } = createLog()
    const url = `${type}://127.0.0.1`
    const ledger = createBullmqLedger({ type, url, prefix: 'test', clock: REAL_CLOCK, logger, libraries })
    await expect(ledger.open(HANDLERS)).rejects.toMatchObject({
      code: 'ERR_CONFIG_UNSUPPORTED',
      message: `A ${type} store needs the packages bullmq and ${client}; not installed: ${named}. npm install bullmq ${client}`,
    })
    await ledger.close()
  })
})

describeBoth('a server that refuses', (server) => {
  const ledgers = useLedgers()

  async function refusal(url: string): Promise<string> {
    const ledger = ledgers.create(server, { url })
    const error: unknown = await ledger.open(HANDLERS).catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ code: 'ERR_STORE_UNAVAILABLE' })
    await ledger.close()
    return String(error)
  }

  test('a wrong password', async () => {
    const message = await refusal(server.url.replace('secret', 'other-secret'))
    expect(message).toContain('user and password in the url are not right')
    expect(message).not.toContain('secret')
  })

  test('no password', async () => {
    const message = await refusal(server.url.replace(/:secret[^@]*@/, server.type === 'redis' ? '' : '@'))
    expect(message).toMatch(/wants a password|password must be a string|no password supplied/i)
  })

  test('a database that is not there', async () => {
    const wrong = server.type === 'redis' ? `${server.url}/99` : server.url.replace(/postgres$/, 'nowhere')
    expect(await refusal(wrong)).toContain('that database does not exist')
  })

  test('a host that is not there', async () => {
    expect(await refusal(server.url.replace('127.0.0.1', 'nowhere.invalid'))).toMatch(/no such host|looked up/)
  })
})

describeOne('postgres', 'a user without rights', (server) => {
  const ledgers = useLedgers()

  async function asAdmin(statement: string): Promise<void> {
    const client = new Client(server.url)
    await client.connect()
    await client.query(statement)
    await client.end()
  }

  test('is told what is missing, and needs none once the tables are there', async () => {
    await asAdmin(`CREATE ROLE guest LOGIN PASSWORD 'secret'`)
    const url = server.url.replace(/\/\/[^@]*@/, '//guest:secret@')
    const refused = ledgers.create(server, { url })
    await expect(refused.open(HANDLERS)).rejects.toMatchObject({
      code: 'ERR_STORE_UNAVAILABLE',
      message: expect.stringContaining('GRANT CREATE ON DATABASE'),
    })
    await (await ledgers.open(server)).close()
    await asAdmin(`GRANT USAGE ON SCHEMA express_callbacks TO guest`)
    await asAdmin(`GRANT ALL ON ALL TABLES IN SCHEMA express_callbacks TO guest`)
    await asAdmin(`GRANT ALL ON ALL SEQUENCES IN SCHEMA express_callbacks TO guest`)
    await refused.open(HANDLERS)
    await refused.create('key', 'one', { data: 1, ttlMs: 60_000 })
    expect(await refused.read('key', 'one')).toEqual({ data: 1, log: [] })
  })

  test('options in the url are kept beside those of BullMQ', async () => {
    const ledger = await ledgers.open(
      server,
      {},
      { url: `${server.url}?options=-c%20search_path%3Dpublic&application_name=test` },
    )
    await ledger.create('key', 'one', { data: 1, ttlMs: 60_000 })
    expect(await ledger.read('key', 'one')).toEqual({ data: 1, log: [] })
  })
})

describe('what a Redis tells of itself', () => {
  test.each([
    ['redis_version:7.0.15\r\nmaxmemory_policy:noeviction\r\n', []],
    ['redis_version:6.2.0\r\n', []],
    ['redis_version:7.2.4\r\nvalkey_version:8.0.1\r\nmaxmemory_policy:noeviction\r\n', []],
    [
      'redis_version:8.0.0\r\nmaxmemory_policy:volatile-lru\r\n',
      [
        'warn: The store redis://host forgets records when its memory is full; set its maxmemory-policy to noeviction {"policy":"volatile-lru"}',
      ],
    ],
  ])('%j is good enough', (info, lines) => {
    const log = createLog()
    checkServer(info, 'redis://host', log.logger)
    expect(log.lines).toEqual(lines)
  })

  test.each([
    ['redis_version:6.0.16', 'Redis 6.2 or newer is needed, and this is 6.0.16'],
    ['redis_version:5.0.7', 'Redis 6.2 or newer is needed, and this is 5.0.7'],
    ['', 'Redis 6.2 or newer is needed, and this is of no known version'],
  ])('%j is refused', (info, message) => {
    expect(() => checkServer(info, 'redis://host', createLog().logger)).toThrow(message)
  })
})

const describeRedis = withoutRedis === undefined ? describe : describe.skip
describeRedis('a Redis that may forget', () => {
  const server = useRedis(['--maxmemory-policy', 'allkeys-lru'])

  test('is warned of once, and not on the console', async () => {
    const warn = jest.spyOn(console, 'warn').mockImplementation(() => undefined)
    const { logger, lines } = createLog()
    const ledger = createBullmqLedger({ type: 'redis', url: server.url, prefix: 'test', clock: REAL_CLOCK, logger })
    await ledger.open(HANDLERS)
    await ledger.close()
    expect(lines).toEqual([expect.stringMatching(/^warn: .* set its maxmemory-policy to noeviction/)])
    expect(warn).not.toHaveBeenCalled()
    warn.mockRestore()
  })
})
