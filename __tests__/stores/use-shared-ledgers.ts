import { afterEach, describe } from '@jest/globals'
import { createPostgresLedger } from '../../adapters/stores/postgres/ledger'
import { createRedisLedger } from '../../adapters/stores/redis/ledger'
import type { Ledger, LedgerHandlers, Logger } from '../../lib/base/contracts'
import { usePostgres, withoutPostgres } from '../helpers/use-postgres'
import { useRedis, withoutRedis } from '../helpers/use-redis'
import type { TestServer } from '../helpers/server-process'

export type StoreType = 'redis' | 'postgres'

/** A server that ledgers are on. */
export interface SharedServer extends TestServer {
  readonly type: StoreType
  readonly url: string
  readonly port: number
}

/** What creates the ledger of a server. */
export const CREATE_LEDGER = { redis: createRedisLedger, postgres: createPostgresLedger }

const WITHOUT = { redis: withoutRedis, postgres: withoutPostgres }
const USE = { redis: useRedis, postgres: usePostgres }

/** Describes what holds on both servers, each of which runs meanwhile. */
export function describeBoth(title: string, tests: (server: SharedServer) => void): void {
  for (const type of ['redis', 'postgres'] as const) describeOne(type, title, tests)
}

/** Describes what holds on one of the servers. */
export function describeOne(type: StoreType, title: string, tests: (server: SharedServer) => void): void {
  const missing = WITHOUT[type]
  if (missing !== undefined) {
    describe.skip(`${title}: ${type} (skipped: ${missing})`, () => tests(useNothing(type)))
    return
  }
  describe(`${title}: ${type}`, () => {
    const server: SharedServer = Object.defineProperty(USE[type](), 'type', { value: type }) as SharedServer
    tests(server)
  })
}

function useNothing(type: StoreType): SharedServer {
  const nothing = async (): Promise<void> => undefined
  return { type, url: `${type}://127.0.0.1`, port: 0, start: nothing, stop: nothing, signal: () => undefined }
}

/** The clock of the machine. */
export const REAL_CLOCK = {
  now: () => Date.now(),
  setTimeout: (callback: () => void, ms: number) => setTimeout(callback, ms),
  clearTimeout: (timer: unknown) => clearTimeout(timer as NodeJS.Timeout),
}

/** A logger, and what it was told from `info` on, as `level: message`. */
export function createLog(): { readonly logger: Logger; readonly lines: readonly string[] } {
  const lines: string[] = []
  const write = (level: string) => (details: object, message: string) =>
    void lines.push(`${level}: ${message} ${JSON.stringify(details)}`)
  return {
    logger: { debug: () => undefined, info: write('info'), warn: write('warn'), error: write('error') },
    lines,
  }
}

export interface LedgerOptions {
  readonly prefix?: string
  readonly logger?: Logger
  readonly url?: string
}

/** Gives ledgers, which are closed after each test. */
export function useLedgers() {
  const ledgers: Ledger[] = []
  let prefixes = 0
  afterEach(async () => {
    await Promise.all(ledgers.splice(0).map((ledger) => ledger.close()))
    prefixes++
  })

  const prefix = (): string => `test-${process.pid}-${prefixes}`
  const create = (server: SharedServer, options: LedgerOptions = {}): Ledger => {
    const { type, url } = server
    const { logger } = createLog()
    const ledger = CREATE_LEDGER[type]({ url, prefix: prefix(), clock: REAL_CLOCK, logger, ...options })
    ledgers.push(ledger)
    return ledger
  }
  return {
    /** The prefix of this test's ledgers. */
    prefix,
    create,
    async open(server: SharedServer, handlers: Partial<LedgerHandlers> = {}, options?: LedgerOptions): Promise<Ledger> {
      const ledger = create(server, options)
      await ledger.open({
        onDue: async () => ({ remove: true }),
        onMessage: () => undefined,
        onBack: () => undefined,
        ...handlers,
      })
      return ledger
    },
  }
}

/** Looks every few milliseconds until a condition holds; Jest's own limit is the longest that a test waits. */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 10).unref())
}
