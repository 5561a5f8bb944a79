import { describe, expect, test } from '@jest/globals'
import { createLog, describeBoth, until, useLedgers } from './use-shared-ledgers'

const HOUR = 60 * 60_000
const RECORD = { data: 'data', ttlMs: HOUR }

describeBoth('while the server is away', (server) => {
  const ledgers = useLedgers()

  async function openWatched() {
    const log = createLog()
    const due: string[] = []
    const messages: unknown[] = []
    let backs = 0
    const ledger = await ledgers.open(
      server,
      {
        async onDue(kind, id) {
          due.push(`${kind}/${id}`)
          return { remove: true } as const
        },
        onMessage: (message) => void messages.push(message),
        onBack: () => void backs++,
      },
      { logger: log.logger },
    )
    return { ledger, due, messages, lines: log.lines, backs: () => backs }
  }

  const ways = [
    { way: 'ended', leave: () => server.stop(), comeBack: () => server.start() },
    {
      way: 'hangs',
      leave: async () => server.signal('SIGSTOP'),
      comeBack: async () => server.signal('SIGCONT'),
    },
  ]

  describe.each(ways)('because it $way', ({ way, leave, comeBack }) => {
    test('everything is refused soon, and works again when it is back', async () => {
      const { ledger, due, messages, lines, backs } = await openWatched()
      await ledger.append('key', 'one', 'before', { orCreate: RECORD })
      await ledger.create('run', 'soon', { data: null, ttlMs: 500 })
      await ledger.append('owner', 'kept', 'entry', { orCreate: RECORD })
      await leave()
      const start = Date.now()
      const refused = await Promise.all(
        [
          ledger.create('key', 'two', RECORD),
          ledger.append('key', 'one', 'lost'),
          ledger.read('key', 'one'),
          ledger.touch('key', 'one', HOUR),
          ledger.list('key'),
          ledger.publish('lost'),
        ].map((promise) => promise.catch((error: unknown) => error)),
      )
      const later: unknown = await ledger.read('key', 'one').catch((error: unknown) => error)
      expect(Date.now() - start).toBeLessThan(6_000)
      for (const error of [...refused, later]) {
        expect(error).toMatchObject({ code: 'ERR_STORE_UNAVAILABLE' })
        expect(String(error)).toContain(`127.0.0.1:${server.port}`)
        expect(String(error)).not.toContain('secret')
      }
      await comeBack()
      await until(() => backs() > 0)
      expect(await ledger.append('owner', 'kept', 'after')).toBe(2)
      expect(await ledger.read('owner', 'kept')).toEqual({ data: 'data', log: ['entry', 'after'], cut: 0 })
      expect((await ledger.read('key', 'one'))?.log[0]).toBe('before')
      await until(() => due.length > 0)
      expect(due).toEqual(['run/soon'])
      await ledger.publish('after')
      await until(() => messages.includes('after'))
      await ledger.create('key', 'new', { data: null, ttlMs: 100 })
      await until(() => due.length === 2)
      expect(backs()).toBe(1)
      expect(lines.map((line) => line.split(' {')[0])).toEqual([
        expect.stringMatching(
          /^warn: The store \w+:\/\/127\.0\.0\.1:\d+(\/postgres)? is away: .*503.*, until it is back$/,
        ),
        expect.stringMatching(/^info: The store \S+ is back$/),
      ])
      expect(lines.join()).not.toContain('secret')
      if (way === 'ended') expect(refused.join()).toMatch(/ECONNREFUSED|closed|terminated|termination/i)
    })

    test('it can be closed', async () => {
      const { ledger } = await openWatched()
      await ledger.append('key', 'one', 'before', { orCreate: RECORD })
      await leave()
      await ledger.read('key', 'one').catch(() => undefined)
      await ledger.close()
      await expect(ledger.read('key', 'one')).rejects.toMatchObject({ code: 'ERR_CLOSED' })
      await comeBack()
    })

    test('it cannot be opened, until the server is back', async () => {
      await leave()
      const ledger = ledgers.create(server)
      const handlers = {
        onDue: async () => ({ remove: true }) as const,
        onMessage: () => undefined,
        onBack: () => undefined,
      }
      const start = Date.now()
      const error: unknown = await ledger.open(handlers).catch((thrown: unknown) => thrown)
      expect(error).toMatchObject({ code: 'ERR_STORE_UNAVAILABLE' })
      expect(String(error)).toMatch(way === 'ended' ? /nobody listens there; start the server/ : /127\.0\.0\.1/)
      expect(String(error)).not.toContain('secret')
      expect(Date.now() - start).toBeLessThan(6_000)
      await expect(ledger.read('key', 'one')).rejects.toMatchObject({ code: 'ERR_STORE_UNAVAILABLE' })
      await comeBack()
      await ledger.open(handlers)
      await ledger.create('key', 'one', RECORD)
      expect(await ledger.read('key', 'one')).toEqual({ data: 'data', log: [], cut: 0 })
    })
  })
})
