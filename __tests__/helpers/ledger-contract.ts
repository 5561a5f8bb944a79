import { describe, expect, test } from '@jest/globals'
import type { RecordKind } from '../../lib/base/contracts'
import { describeDueTimes } from './ledger-contract-due'
import { describeSteps } from './ledger-contract-steps'
import { expectSame, jsonValues } from './json-values'
import { HOUR, type LedgerUnderTest, listAll, usePlace } from './ledger-place'

const KINDS: readonly RecordKind[] = ['key', 'mark', 'run', 'owner']
/** The largest that the ids of a test are numbered to. */
const MANY = 50

/** Says what every implementation of the seam `Ledger` must do; each has its own folder, database or prefix a test. */
export function describeLedger(name: string, { createPlace, isShared, soonMs }: LedgerUnderTest): void {
  const { open, until, isGone, createLedger } = usePlace(createPlace)

  describeSteps(name, { createPlace, isShared, soonMs })
  describeDueTimes(name, { createPlace, isShared, soonMs })

  describe(`a ledger: ${name}`, () => {
    describe('creates a record', () => {
      test.each(KINDS)('of the kind %s, with no log', async (kind) => {
        const { ledger } = await open()
        await ledger.create(kind, 'one', { data: { kind }, ttlMs: HOUR })
        expect(await ledger.read(kind, 'one')).toEqual({ data: { kind }, log: [], cut: 0 })
      })

      test('once: the first one stays, with its log', async () => {
        const { ledger } = await open()
        await ledger.create('key', 'one', { data: 'first', ttlMs: HOUR })
        await ledger.append('key', 'one', 'entry')
        await ledger.create('key', 'one', { data: 'second', ttlMs: HOUR })
        expect(await ledger.read('key', 'one')).toEqual({ data: 'first', log: ['entry'], cut: 0 })
      })

      test('once, when several are created at the same time', async () => {
        const { ledger } = await open()
        const wanted = [...Array(MANY).keys()]
        await Promise.all(wanted.map((data) => ledger.create('run', 'one', { data, ttlMs: HOUR })))
        const record = await ledger.read('run', 'one')
        expect(wanted).toContain(record?.data)
        expect(await listAll(ledger, 'run')).toEqual(['one'])
      })

      test('whose time the later one does not change', async () => {
        const { ledger, due } = await open()
        await ledger.create('key', 'one', { data: 1, ttlMs: soonMs })
        await ledger.create('key', 'one', { data: 2, ttlMs: HOUR })
        await until(() => due.length > 0)
        expect(due).toEqual(['key/one'])
      })

      test('apart from those of the same id of another kind', async () => {
        const { ledger } = await open()
        for (const kind of KINDS) await ledger.create(kind, 'one', { data: kind, ttlMs: HOUR })
        for (const kind of KINDS) expect(await ledger.append(kind, 'one', `to ${kind}`)).toBe(1)
        for (const kind of KINDS)
          expect(await ledger.read(kind, 'one')).toEqual({ data: kind, log: [`to ${kind}`], cut: 0 })
      })
    })

    describe('appends', () => {
      test('and gives the length of the log then', async () => {
        const { ledger } = await open()
        await ledger.create('key', 'one', { data: null, ttlMs: HOUR })
        for (const length of [1, 2, 3]) expect(await ledger.append('key', 'one', { length })).toBe(length)
        expect((await ledger.read('key', 'one'))?.log).toEqual([{ length: 1 }, { length: 2 }, { length: 3 }])
      })

      test('nothing without a record', async () => {
        const { ledger } = await open()
        expect(await ledger.append('key', 'one', 'entry')).toBe(0)
        expect(await ledger.read('key', 'one')).toBeUndefined()
        expect(await listAll(ledger, 'key')).toEqual([])
      })

      test('to a record that it makes when there is none', async () => {
        const { ledger, due } = await open()
        const orCreate = { data: 'made', ttlMs: soonMs }
        expect(await ledger.append('key', 'one', 'first', { orCreate })).toBe(1)
        expect(await ledger.append('key', 'one', 'second', { orCreate: { data: 'again', ttlMs: HOUR } })).toBe(2)
        expect(await ledger.read('key', 'one')).toEqual({ data: 'made', log: ['first', 'second'], cut: 0 })
        await until(() => due.length > 0)
      })

      test('in the order of the calls', async () => {
        const { ledger } = await open()
        await ledger.create('run', 'one', { data: null, ttlMs: HOUR })
        const entries = [...Array(MANY).keys()]
        const lengths = await Promise.all(entries.map((entry) => ledger.append('run', 'one', entry)))
        expect(lengths).toEqual(entries.map((entry) => entry + 1))
        expect((await ledger.read('run', 'one'))?.log).toEqual(entries)
      })

      test('in the order of the calls, to a record that all of them would make', async () => {
        const { ledger } = await open()
        const entries = [...Array(MANY).keys()]
        const lengths = await Promise.all(
          entries.map((entry) => ledger.append('key', 'one', entry, { orCreate: { data: entry, ttlMs: HOUR } })),
        )
        expect(lengths).toEqual(entries.map((entry) => entry + 1))
        const record = await ledger.read('key', 'one')
        expect(record?.log).toEqual(entries)
        expect(entries).toContain(record?.data)
      })

      test('to many records at the same time', async () => {
        const { ledger } = await open()
        const ids = [...Array(MANY).keys()].map((number) => `id-${number}`)
        await Promise.all(ids.map((id) => ledger.append('key', id, id, { orCreate: { data: id, ttlMs: HOUR } })))
        expect((await listAll(ledger, 'key')).toSorted()).toEqual(ids.toSorted())
        for (const id of ids) expect(await ledger.read('key', id)).toEqual({ data: id, log: [id], cut: 0 })
      })
    })

    describe('reads', () => {
      test('nothing where there is nothing', async () => {
        const { ledger } = await open()
        expect(await ledger.read('owner', 'one')).toBeUndefined()
      })

      test('what is written, whatever becomes of the objects', async () => {
        const { ledger } = await open()
        const data = { list: [1] }
        const entry = { list: [2] }
        await ledger.append('key', 'one', entry, { orCreate: { data, ttlMs: HOUR } })
        data.list.push(99)
        entry.list.push(99)
        const record: unknown = await ledger.read('key', 'one')
        const once = JSON.stringify(record)
        ;(record as { data: { list: number[] } }).data.list.push(99)
        ;(record as { log: unknown[] }).log.push(99)
        expect(once).toBe('{"data":{"list":[1]},"log":[{"list":[2]}],"cut":0}')
        expect(JSON.stringify(await ledger.read('key', 'one'))).toBe(once)
      })
    })

    describe('lists', () => {
      test('the ids of a kind', async () => {
        const { ledger } = await open()
        expect(await listAll(ledger, 'run')).toEqual([])
        for (const id of ['one', 'two', 'three']) await ledger.create('run', id, { data: id, ttlMs: HOUR })
        await ledger.create('owner', 'other', { data: null, ttlMs: HOUR })
        expect((await listAll(ledger, 'run')).toSorted()).toEqual(['one', 'three', 'two'])
        expect(await listAll(ledger, 'owner')).toEqual(['other'])
      })
    })

    describe('takes as an id', () => {
      const ids = ['a', 'A', 'x'.repeat(64), '-a', '_a_', '0-9_a', '0x10', '1e3', 'null', '__proto__', 'constructor']

      test.each(ids)('%s', async (id) => {
        const { ledger } = await open()
        await ledger.create('key', id, { data: id, ttlMs: soonMs })
        expect(await ledger.append('key', id, 'entry')).toBe(1)
        expect(await listAll(ledger, 'key')).toEqual([id])
        expect(await ledger.read('key', id)).toEqual({ data: id, log: ['entry'], cut: 0 })
        await until(isGone(ledger, 'key', id))
      })

      test('all of them, each for itself', async () => {
        const { ledger } = await open()
        for (const id of ids) await ledger.create('key', id, { data: id, ttlMs: HOUR })
        for (const id of ids) expect(await ledger.read('key', id)).toEqual({ data: id, log: [], cut: 0 })
        expect((await listAll(ledger, 'key')).toSorted()).toEqual(ids.toSorted())
      })
    })

    describe('keeps what JSON can say', () => {
      test.each(Object.entries(jsonValues()))('%s', async (_, value) => {
        const { ledger, messages } = await open()
        await ledger.create('key', 'one', { data: value, ttlMs: HOUR })
        await ledger.append('key', 'one', value)
        await ledger.append('key', 'two', value, { orCreate: { data: value, ttlMs: HOUR } })
        await ledger.publish(value)
        expectSame(await ledger.read('key', 'one'), { data: value, log: [value], cut: 0 })
        expectSame(await ledger.read('key', 'two'), { data: value, log: [value], cut: 0 })
        await until(() => messages.length > 0)
        expectSame(messages, [value])
        await ledger.close()
        const again = await open()
        expectSame(await again.ledger.read('key', 'one'), { data: value, log: [value], cut: 0 })
      })
    })

    describe('once closed', () => {
      test('refuses everything', async () => {
        const { ledger } = await open()
        await ledger.close()
        const record = { data: null, ttlMs: HOUR }
        for (const refused of [
          () => ledger.create('key', 'one', record),
          () => ledger.append('key', 'one', 'entry'),
          () => ledger.append('key', 'one', 'entry', { orCreate: record }),
          () => ledger.read('key', 'one'),
          () => ledger.touch('key', 'one', HOUR),
          () => ledger.claim('key', 'one', 'entry', { orCreate: record, claim: { mark: 'mark', ttlMs: HOUR } }),
          () => ledger.cut('key', 'one', 1, 'entry'),
          () => ledger.list('key'),
          () => ledger.publish('message'),
        ])
          await expect(refused()).rejects.toMatchObject({ code: 'ERR_CLOSED' })
      })

      test('may be closed again, also at the same time', async () => {
        const { ledger } = await open()
        await Promise.all([ledger.close(), ledger.close()])
        await ledger.close()
      })

      test('may never have been open', async () => {
        await createLedger().close()
      })

      test('has done what it said it did', async () => {
        const first = await open()
        await first.ledger.create('key', 'one', { data: null, ttlMs: HOUR })
        const entries = [...Array(MANY).keys()]
        const appended = Promise.allSettled(entries.map((entry) => first.ledger.append('key', 'one', entry)))
        await first.ledger.close()
        const said = (await appended).map((result) => (result.status === 'fulfilled' ? result.value : 0))
        const { ledger } = await open()
        const log = (await ledger.read('key', 'one'))?.log ?? []
        for (const [entry, length] of said.entries()) if (length > 0) expect(log[length - 1]).toBe(entry)
      })
    })

    if (!isShared) return

    describe('that several have open', () => {
      test('shows each what the others did', async () => {
        const [one, other] = [await open(), await open()]
        await one.ledger.create('key', 'one', { data: 'one', ttlMs: HOUR })
        await other.ledger.create('key', 'one', { data: 'other', ttlMs: HOUR })
        expect(await other.ledger.append('key', 'one', 'from other')).toBe(1)
        expect(await one.ledger.append('key', 'one', 'from one')).toBe(2)
        for (const { ledger } of [one, other])
          expect(await ledger.read('key', 'one')).toEqual({ data: 'one', log: ['from other', 'from one'], cut: 0 })
        expect(await listAll(other.ledger, 'key')).toEqual(['one'])
      })

      test('has one order of entries for all, which keeps the order of each', async () => {
        const ledgers = [await open(), await open(), await open()].map(({ ledger }) => ledger)
        const appended = ledgers.flatMap((ledger, from) =>
          [...Array(MANY).keys()].map(async (number) => {
            const entry = { from, number }
            return {
              entry,
              length: await ledger.append('key', 'one', entry, { orCreate: { data: from, ttlMs: HOUR } }),
            }
          }),
        )
        const results = await Promise.all(appended)
        const log = (await ledgers[0]?.read('key', 'one'))?.log ?? []
        expect(log).toHaveLength(results.length)
        for (const { entry, length } of results) expect(log[length - 1]).toEqual(entry)
        for (const from of ledgers.keys()) {
          const own = results.filter(({ entry }) => entry.from === from).map(({ length }) => length)
          expect(own).toEqual(own.toSorted((a, b) => a - b))
        }
      })

      test('is created by one of them', async () => {
        const ledgers = [await open(), await open()].map(({ ledger }) => ledger)
        await Promise.all(ledgers.map((ledger, data) => ledger.create('run', 'one', { data, ttlMs: HOUR })))
        const records = await Promise.all(ledgers.map((ledger) => ledger.read('run', 'one')))
        expect([0, 1]).toContain(records[0]?.data)
        expect(records[1]).toEqual(records[0])
      })

      test('tells one of them of a record that is due', async () => {
        const [one, other] = [await open(), await open()]
        const ids = [...Array(10).keys()].map((number) => `id-${number}`)
        for (const id of ids) await one.ledger.create('key', id, { data: null, ttlMs: soonMs })
        await until(async () => (await listAll(other.ledger, 'key')).length === 0)
        expect([...one.due, ...other.due].toSorted()).toEqual(ids.map((id) => `key/${id}`))
      })

      test('tells those that are left', async () => {
        const [one, other] = [await open(), await open()]
        await one.ledger.create('key', 'one', { data: null, ttlMs: soonMs })
        await one.ledger.close()
        await until(isGone(other.ledger, 'key', 'one'))
        expect([...one.due, ...other.due]).toEqual(['key/one'])
      })

      test('gives a message to all', async () => {
        const all = [await open(), await open(), await open()]
        await all[1]?.ledger.publish({ hello: 'all' })
        await until(() => all.every(({ messages }) => messages.length > 0))
        for (const { messages } of all) expect(messages).toEqual([{ hello: 'all' }])
      })
    })
  })
}
