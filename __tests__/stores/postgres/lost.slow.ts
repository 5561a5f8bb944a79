import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, test } from '@jest/globals'
import { useHalfOpenProxy } from '../../helpers/half-open-proxy'
import { until } from '../use-shared-ledgers'
import { ask, describePostgres, findProcesses, RECORD, useLedgers, type Watched } from './use-ledgers'

const BACK_MS = 5_000

/** Whether work succeeds, sooner or later. */
const succeeds = (work: () => Promise<unknown>) => (): Promise<boolean> =>
  work().then(
    () => true,
    () => false,
  )

async function hears({ ledger, messages }: Watched, message: string): Promise<void> {
  await until(succeeds(() => ledger.publish(message)))
  await until(() => messages.includes(message))
}

describePostgres('a connection that is lost', (server) => {
  const ledgers = useLedgers(server)

  test('on which messages are heard, is replaced before anything fails, and that messages may be lost is told', async () => {
    const watched = await ledgers.open()
    for (let count = 1; count <= 3; count++) {
      for (const pid of await findProcesses(server.url)) await ask(server.url, 'SELECT pg_terminate_backend($1)', [pid])
      await until(() => watched.backs() === count)
      expect(await watched.ledger.append('key', 'one', count, { orCreate: RECORD })).toBe(count)
      await hears(watched, `message ${count}`)
    }
    expect(watched.lines).toEqual([])
  })

  test('while much is asked for, loses only what was under way', async () => {
    const { ledger } = await ledgers.open()
    let isOver = false
    const acknowledged: number[] = []
    const refused: unknown[] = []
    const writers = [...Array(20).keys()].map(async (writer) => {
      for (let number = 0; !isOver; number++) {
        const entry = writer * 1_000_000 + number
        await ledger.append('run', 'one', entry, { orCreate: RECORD }).then(
          () => acknowledged.push(entry),
          (error: unknown) => refused.push(error),
        )
      }
    })
    let killed = 0
    for (let count = 0; count < 5; count++) {
      await sleep(200)
      for (const pid of await findProcesses(server.url)) {
        await ask(server.url, 'SELECT pg_terminate_backend($1)', [pid])
        killed++
      }
    }
    isOver = true
    await Promise.all(writers)
    const log = new Set((await ledger.read('run', 'one'))?.log)
    expect(acknowledged.filter((entry) => !log.has(entry))).toEqual([])
    expect(acknowledged.length).toBeGreaterThan(100)
    for (const error of refused) expect(error).toMatchObject({ code: 'ERR_STORE_UNAVAILABLE' })
    expect(refused.length).toBeLessThanOrEqual(killed * 20)
  })

  test('because its process is stopped, is replaced, and the process does not stay', async () => {
    const watched = await ledgers.open()
    const [pid = 0] = await findProcesses(server.url)
    process.kill(pid, 'SIGSTOP')
    try {
      const begin = Date.now()
      await until(succeeds(() => watched.ledger.append('key', 'one', 'entry', { orCreate: RECORD })))
      await until(() => watched.backs() === 1)
      await hears(watched, 'message')
      expect(Date.now() - begin).toBeLessThan(BACK_MS)
    } finally {
      process.kill(pid, 'SIGCONT')
    }
    await until(async () => !(await findProcesses(server.url)).includes(pid))
  })
})

describePostgres('a proxy that forwards nothing any more on open connections', (server) => {
  const proxy = useHalfOpenProxy(() => server.port)
  const proxied = {
    get url() {
      return server.url.replace(String(server.port), String(proxy.port))
    },
  }
  const ledgers = useLedgers(proxied)

  test('is noticed by what is asked, within five seconds', async () => {
    const watched = await ledgers.open()
    for (let count = 1; count <= 2; count++) {
      proxy.hang()
      const begin = Date.now()
      const refused: unknown = await watched.ledger.append('key', 'one', 'lost').catch((error: unknown) => error)
      expect(refused).toMatchObject({
        code: 'ERR_STORE_UNAVAILABLE',
        message: expect.stringContaining('no answer within 2000 ms'),
      })
      await until(succeeds(() => watched.ledger.append('key', 'one', 'entry', { orCreate: RECORD })))
      await until(() => watched.backs() === count)
      await hears(watched, `message ${count}`)
      expect(Date.now() - begin).toBeLessThan(BACK_MS)
    }
  })

  test('is noticed when nothing is asked, too, and leaves no connection on the server', async () => {
    const others = await findProcesses(server.url)
    const watched = await ledgers.open()
    const before = new Set((await findProcesses(server.url)).filter((pid) => !others.includes(pid)))
    proxy.hang()
    const begin = Date.now()
    await until(() => watched.backs() > 0)
    expect(Date.now() - begin).toBeLessThan(BACK_MS)
    await until(async () => (await findProcesses(server.url)).every((pid) => !before.has(pid)))
    await hears(watched, 'message')
  })

  test('can be closed at once', async () => {
    const { ledger } = await ledgers.open()
    proxy.hang()
    const begin = Date.now()
    await ledger.close()
    expect(Date.now() - begin).toBeLessThan(BACK_MS)
  })
})

describePostgres('a record that another transaction holds', (server) => {
  const ledgers = useLedgers(server)
  const lock = (prefix: string, ms: number): Promise<unknown> =>
    ask(
      server.url,
      `SELECT pg_sleep(${ms / 1_000}) FROM (SELECT id FROM "callbacks:${prefix}".record WHERE id = 'held' FOR UPDATE) AS held`,
    )

  async function whenHeld(): Promise<void> {
    await until(async () => {
      const [[count] = []] = await ask(server.url, `SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'`)
      return Number(count) > 0
    })
  }

  describe.each([
    ['no limit', '', /another transaction holds the record/],
    ['a statement_timeout', '?options=-c%20statement_timeout%3D200', /its statement_timeout is too short/],
  ])('with %s at the server', (_, query, message) => {
    test('is refused without the connection, and alone where the server gives up', async () => {
      const { ledger, backs } = await ledgers.open({}, { url: `${server.url}${query}` })
      for (const id of ['held', 'free']) await ledger.create('key', id, RECORD)
      const holding = lock(ledgers.prefix(), 4_000)
      await whenHeld()
      const [held, free] = await Promise.allSettled(['held', 'free'].map((id) => ledger.append('key', id, 'entry')))
      expect(held).toMatchObject({ status: 'rejected', reason: { message: expect.stringMatching(message) } })
      if (query !== '') expect(free).toEqual({ status: 'fulfilled', value: 1 })
      await holding
      expect(await ledger.append('key', 'held', 'later')).toBe(1)
      expect(backs()).toBe(0)
    })
  })
})
