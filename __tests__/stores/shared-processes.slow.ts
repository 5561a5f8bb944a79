import { describe, expect, test } from '@jest/globals'
import * as fc from 'fast-check'
import { useLedgerChild } from './use-ledger-child'
import { describeBoth, until, useLedgers } from './use-shared-ledgers'

const HOUR = 60 * 60_000

interface Appended {
  readonly entry: { readonly from: unknown; readonly number: number }
  readonly length: number
}

describeBoth('several that share records', (server) => {
  const ledgers = useLedgers()
  const startChild = useLedgerChild()

  function expectOneOrder(log: readonly unknown[], appended: readonly Appended[]): void {
    expect(log).toHaveLength(appended.length)
    for (const { entry, length } of appended) expect(log[length - 1]).toEqual(entry)
    for (const from of new Set(appended.map(({ entry }) => entry.from))) {
      const numbers = log.filter((entry) => (entry as Appended['entry']).from === from)
      expect(numbers.map((entry) => (entry as Appended['entry']).number)).toEqual([...numbers.keys()])
    }
  }

  test('agree on one order of the entries of a record, whoever appends when', async () => {
    const openers = await Promise.all([0, 1, 2].map(() => ledgers.open(server)))
    let runs = 0
    const plans = fc.array(fc.tuple(fc.nat(2), fc.nat(2), fc.nat(3)), { minLength: 200, maxLength: 300 })
    await fc.assert(
      fc.asyncProperty(plans, async (plan) => {
        const run = `run-${runs++}`
        const numbers = new Map<string, number>()
        const results = plan.map(async ([from, record, turns]) => {
          const id = `${run}-${record}`
          const number = numbers.get(`${from} ${id}`) ?? 0
          numbers.set(`${from} ${id}`, number + 1)
          const entry = { from, number }
          const appending = openers[from]?.append('key', id, entry, { orCreate: { data: null, ttlMs: HOUR } })
          for (let turn = 0; turn < turns; turn++) await Promise.resolve()
          return { id, entry, length: (await appending) ?? 0 }
        })
        const appended = await Promise.all(results)
        for (const id of new Set(appended.map((one) => one.id))) {
          const log = (await openers[0]?.read('key', id))?.log ?? []
          expectOneOrder(
            log,
            appended.filter((one) => one.id === id),
          )
        }
      }),
      { numRuns: 4 },
    )
  })

  test('agree on it in processes of their own', async () => {
    const ledger = await ledgers.open(server)
    const child = startChild(server, ledgers.prefix(), 'append')
    await until(() => child.said.length > 0)
    const own: Appended[] = []
    for (let number = 0; number < 150; number++) {
      const entry = { from: 'parent', number }
      own.push({ entry, length: await ledger.append('key', 'one', entry) })
    }
    await child.ended
    const record = await ledger.read('key', 'one')
    expectOneOrder(record?.log ?? [], [...own, ...(child.said as Appended[])])
  })

  describe('when one of them is killed', () => {
    test('take over the record that was due there', async () => {
      const child = startChild(server, ledgers.prefix(), 'hang')
      await until(() => child.said.length > 0)
      expect(child.said).toEqual([{ due: 'run/one' }])
      await child.kill()
      const due: string[] = []
      const ledger = await ledgers.open(server, {
        async onDue(kind, id) {
          due.push(`${kind}/${id}`)
          return { remove: true } as const
        },
      })
      expect(await ledger.read('run', 'one')).toEqual({ data: 'data', log: ['entry'], cut: 0 })
      await until(async () => (await ledger.read('run', 'one')) === undefined)
      expect(due).toEqual(['run/one'])
    })
  })

  test('all get every message, each sender in its order, also from several at once', async () => {
    const received: unknown[][] = [[], []]
    const openers = await Promise.all(
      received.map((messages) => ledgers.open(server, { onMessage: (message) => void messages.push(message) })),
    )
    const listener = startChild(server, ledgers.prefix(), 'listen')
    await until(() => listener.said.length > 0)
    const publisher = startChild(server, ledgers.prefix(), 'publish')
    const numbers = [...Array(100).keys()]
    const sent = openers.flatMap((ledger, from) => numbers.map((number) => ledger.publish({ from, number })))
    await Promise.all([...sent, publisher.ended])
    await until(() => [...received, listener.said.slice(1)].every((messages) => messages.length >= 300))
    const heard = listener.said.slice(1).map((line) => (line as { message: unknown }).message)
    for (const messages of [...received, heard])
      for (const from of [0, 1, 'child'])
        expect(messages.filter((message) => (message as { from: unknown }).from === from)).toEqual(
          numbers.map((number) => ({ from, number })),
        )
  })

  test('see nothing of another app', async () => {
    const messages: unknown[] = []
    const [one, other] = await Promise.all([
      ledgers.open(server, {}, { prefix: 'a:b' }),
      ledgers.open(server, { onMessage: (message) => void messages.push(message) }, { prefix: 'a-b' }),
    ])
    await one.create('run', 'one', { data: null, ttlMs: HOUR })
    await one.publish('from one')
    await other.publish('from other')
    await until(() => messages.length > 0)
    expect(messages).toEqual(['from other'])
    expect(await other.read('run', 'one')).toBeUndefined()
    expect(await other.list('run')).toEqual({ ids: [], after: undefined })
  })
})

describeBoth('a record that is read while it goes', (server) => {
  const ledgers = useLedgers()

  test('is there with its log, or not at all', async () => {
    const [reader, other] = [await ledgers.open(server), await ledgers.open(server)]
    for (let round = 0; round < 10; round++) {
      const id = `round-${round}`
      await other.append('mark', id, round, { orCreate: { data: round, ttlMs: 60_000 } })
      await other.touch('mark', id, 0)
      for (;;) {
        const record = await reader.read('mark', id)
        if (record === undefined) break
        expect(record).toEqual({ data: round, log: [round], cut: 0 })
      }
    }
  })
})
