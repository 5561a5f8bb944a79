import { describe, expect, test } from '@jest/globals'
import type { DueAnswer, RecordKind } from '../../lib/types'
import { describeSteps } from './ledger-contract-steps'
import { GONE, HOUR, type LedgerUnderTest, listAll, usePlace } from './ledger-place'

const KINDS: readonly RecordKind[] = ['key', 'mark', 'run', 'owner']
/** The largest that the ids of a test are numbered to. */
const MANY = 50

/** Says what every implementation of the seam `Ledger` must do; each has its own folder, database or prefix a test. */
export function describeLedger(name: string, { createPlace, isShared, soonMs }: LedgerUnderTest): void {
  const { open, until, isGone, tick, createLedger } = usePlace(createPlace)

  describeSteps(name, { createPlace, isShared, soonMs })

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

    describe('tells when a record is due', () => {
      test.each(['key', 'run', 'owner'] as const)('which is there until then, and then gone: %s', async (kind) => {
        const { ledger, due } = await open()
        await ledger.append(kind, 'one', 'entry', { orCreate: { data: 'data', ttlMs: soonMs } })
        expect(await ledger.read(kind, 'one')).toEqual({ data: 'data', log: ['entry'], cut: 0 })
        expect(due).toEqual([])
        await until(isGone(ledger, kind, 'one'))
        expect(due).toEqual([`${kind}/one`])
        expect(await listAll(ledger, kind)).toEqual([])
        expect(await ledger.append(kind, 'one', 'late')).toBe(0)
        expect(await ledger.touch(kind, 'one', HOUR)).toBe(false)
      })

      test('but not of a mark, which just goes', async () => {
        const { ledger, due } = await open()
        await ledger.append('mark', 'one', 'entry', { orCreate: { data: 'data', ttlMs: soonMs } })
        await ledger.create('key', 'two', { data: 'data', ttlMs: soonMs })
        await until(isGone(ledger, 'mark', 'one'))
        await until(isGone(ledger, 'key', 'two'))
        expect(due).toEqual(['key/two'])
        expect(await listAll(ledger, 'mark')).toEqual([])
        expect(await ledger.append('mark', 'one', 'late')).toBe(0)
      })

      test('in whatever order they were made', async () => {
        const { ledger, due } = await open()
        await ledger.create('key', 'third', { data: null, ttlMs: soonMs * 3 })
        await ledger.create('key', 'first', { data: null, ttlMs: soonMs })
        await ledger.create('key', 'second', { data: null, ttlMs: soonMs * 2 })
        await ledger.create('key', 'never', { data: null, ttlMs: HOUR })
        await until(() => due.length === 3)
        expect(due).toEqual(['key/first', 'key/second', 'key/third'])
      })

      test('at once, when it has no time at all', async () => {
        const { ledger, due } = await open()
        await ledger.create('key', 'one', { data: null, ttlMs: 0 })
        await until(isGone(ledger, 'key', 'one'))
        expect(due).toEqual(['key/one'])
      })

      test('not before weeks have passed, when it has them', async () => {
        const { ledger, due } = await open()
        await ledger.create('key', 'far', { data: null, ttlMs: 60 * 24 * HOUR })
        await ledger.create('key', 'near', { data: null, ttlMs: soonMs })
        await until(() => due.length > 0)
        expect(due).toEqual(['key/near'])
        expect(await ledger.read('key', 'far')).toEqual({ data: null, log: [], cut: 0 })
      })

      test('again, when it is kept for longer', async () => {
        const answers: DueAnswer[] = [{ keepMs: soonMs }, GONE]
        const { ledger, due } = await open(async () => answers.shift() ?? GONE)
        await ledger.append('run', 'one', 'entry', { orCreate: { data: 'data', ttlMs: soonMs } })
        await until(() => due.length === 1 && answers.length === 1)
        expect(await ledger.append('run', 'one', 'later')).toBe(2)
        await until(isGone(ledger, 'run', 'one'))
        expect(due).toEqual(['run/one', 'run/one'])
      })

      test('again, when that failed', async () => {
        let calls = 0
        const { ledger, due } = await open(async () => {
          calls++
          if (calls < 3) throw new Error('not now')
          return GONE
        })
        await ledger.append('key', 'one', 'entry', { orCreate: { data: 'data', ttlMs: soonMs } })
        await until(() => calls === 2)
        expect(await ledger.read('key', 'one')).toEqual({ data: 'data', log: ['entry'], cut: 0 })
        await until(isGone(ledger, 'key', 'one'))
        expect(due).toEqual(['key/one', 'key/one', 'key/one'])
      })

      test('while it can be read and appended to, and what is appended then goes with it', async () => {
        const seen: unknown[] = []
        const { ledger } = await open(async (kind, id) => {
          seen.push(await ledger.append(kind, id, 'meanwhile'))
          seen.push(await ledger.read(kind, id))
          return GONE
        })
        await ledger.append('key', 'one', 'before', { orCreate: { data: 'data', ttlMs: soonMs } })
        await until(isGone(ledger, 'key', 'one'))
        expect(seen).toEqual([2, { data: 'data', log: ['before', 'meanwhile'], cut: 0 }])
        expect(await ledger.append('key', 'one', 'new', { orCreate: { data: 'next', ttlMs: HOUR } })).toBe(1)
        expect(await ledger.read('key', 'one')).toEqual({ data: 'next', log: ['new'], cut: 0 })
      })

      test('while its time cannot be set anew', async () => {
        const touched: boolean[] = []
        const { ledger } = await open(async (kind, id) => {
          touched.push(await ledger.touch(kind, id, HOUR))
          return GONE
        })
        await ledger.create('key', 'one', { data: null, ttlMs: soonMs })
        await until(isGone(ledger, 'key', 'one'))
        expect(touched).toEqual([false])
      })
    })

    describe('sets anew when a record is due', () => {
      test('later', async () => {
        const { ledger, due } = await open()
        await ledger.create('key', 'one', { data: null, ttlMs: soonMs })
        await ledger.create('key', 'two', { data: null, ttlMs: soonMs * 2 })
        expect(await ledger.touch('key', 'one', HOUR)).toBe(true)
        await until(isGone(ledger, 'key', 'two'))
        expect(due).toEqual(['key/two'])
        expect(await ledger.read('key', 'one')).toEqual({ data: null, log: [], cut: 0 })
      })

      test('sooner', async () => {
        const { ledger, due } = await open()
        await ledger.create('key', 'one', { data: null, ttlMs: HOUR })
        expect(await ledger.touch('key', 'one', soonMs)).toBe(true)
        await until(() => due.length > 0)
        expect(due).toEqual(['key/one'])
      })

      test('at once', async () => {
        const { ledger, due } = await open()
        await ledger.create('owner', 'one', { data: null, ttlMs: HOUR })
        expect(await ledger.touch('owner', 'one', 0)).toBe(true)
        await until(isGone(ledger, 'owner', 'one'))
        expect(due).toEqual(['owner/one'])
      })

      test('again and again', async () => {
        const { ledger } = await open()
        await ledger.create('mark', 'one', { data: null, ttlMs: soonMs })
        for (const ttlMs of [HOUR, soonMs, 2 * HOUR, soonMs * 2])
          expect(await ledger.touch('mark', 'one', ttlMs)).toBe(true)
        await until(isGone(ledger, 'mark', 'one'))
      })

      test('only where there is one', async () => {
        const { ledger } = await open()
        expect(await ledger.touch('key', 'one', HOUR)).toBe(false)
        expect(await ledger.read('key', 'one')).toBeUndefined()
      })
    })

    describe('when it is opened again', () => {
      test('has kept everything', async () => {
        const first = await open()
        await first.ledger.create('run', 'one', { data: { a: 1 }, ttlMs: HOUR })
        for (const entry of ['x', 'y', 'z']) await first.ledger.append('run', 'one', entry)
        await first.ledger.append('key', 'two', 'entry', { orCreate: { data: null, ttlMs: HOUR } })
        await first.ledger.create('mark', 'three', { data: true, ttlMs: HOUR })
        await first.ledger.close()

        const { ledger } = await open()
        expect(await ledger.read('run', 'one')).toEqual({ data: { a: 1 }, log: ['x', 'y', 'z'], cut: 0 })
        expect(await ledger.append('run', 'one', 'again')).toBe(4)
        expect(await ledger.read('key', 'two')).toEqual({ data: null, log: ['entry'], cut: 0 })
        expect(await ledger.read('mark', 'three')).toEqual({ data: true, log: [], cut: 0 })
        for (const [kind, id] of [['run', 'one'] as const, ['key', 'two'] as const, ['mark', 'three'] as const])
          expect(await listAll(ledger, kind)).toEqual([id])
        expect(await listAll(ledger, 'owner')).toEqual([])
      })

      test('knows when its records are due', async () => {
        const first = await open()
        await first.ledger.create('key', 'soon', { data: null, ttlMs: HOUR })
        await first.ledger.touch('key', 'soon', soonMs * 2)
        await first.ledger.create('key', 'later', { data: null, ttlMs: HOUR })
        await first.ledger.close()
        const { ledger, due } = await open()
        await until(isGone(ledger, 'key', 'soon'))
        expect([...first.due, ...due]).toEqual(['key/soon'])
        expect(await listAll(ledger, 'key')).toEqual(['later'])
      })

      test('is told of what became due meanwhile', async () => {
        const first = await open()
        await first.ledger.create('run', 'one', { data: null, ttlMs: soonMs })
        await first.ledger.create('mark', 'two', { data: null, ttlMs: soonMs })
        await first.ledger.close()
        for (let passed = 0; passed < 20; passed++) await tick()
        expect(first.due).toEqual([])
        const { ledger, due } = await open()
        await until(isGone(ledger, 'run', 'one'))
        await until(isGone(ledger, 'mark', 'two'))
        expect(due).toEqual(['run/one'])
      })

      test('is told again of what was not dealt with', async () => {
        const first = await open(() => new Promise(() => undefined))
        await first.ledger.append('run', 'one', 'entry', { orCreate: { data: null, ttlMs: soonMs } })
        await until(() => first.due.length > 0)
        await first.ledger.close()
        const { ledger, due } = await open()
        expect(await ledger.read('run', 'one')).toEqual({ data: null, log: ['entry'], cut: 0 })
        await until(isGone(ledger, 'run', 'one'))
        expect(due).toEqual(['run/one'])
      })

      test('does not know what went', async () => {
        const first = await open()
        await first.ledger.create('key', 'one', { data: 'first', ttlMs: 0 })
        await until(isGone(first.ledger, 'key', 'one'))
        await first.ledger.create('key', 'one', { data: 'second', ttlMs: HOUR })
        await first.ledger.create('key', 'two', { data: null, ttlMs: 0 })
        await until(isGone(first.ledger, 'key', 'two'))
        await first.ledger.close()
        const { ledger } = await open()
        expect(await ledger.read('key', 'one')).toEqual({ data: 'second', log: [], cut: 0 })
        expect(await listAll(ledger, 'key')).toEqual(['one'])
      })
    })

    describe('publishes', () => {
      test('messages to itself, in their order', async () => {
        const { ledger, messages } = await open()
        await ledger.publish({ number: 1 })
        await ledger.publish({ number: 2 })
        await until(() => messages.length === 2)
        expect(messages).toEqual([{ number: 1 }, { number: 2 }])
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

/** Compares as JSON does, so that own keys such as `__proto__` count; a database may not keep the order of keys. */
function expectSame(actual: unknown, expected: unknown): void {
  expect(JSON.stringify(sorted(actual))).toBe(JSON.stringify(sorted(expected)))
}

function sorted(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return value.map(sorted)
  const keys = Object.entries(value).toSorted(([one], [other]) => (one < other ? -1 : 1))
  return { keys: keys.map(([key, child]) => [key, sorted(child)]) }
}

function jsonValues(): Record<string, unknown> {
  return {
    null: null,
    false: false,
    zero: 0,
    'a large number': 1.7976931348623157e308,
    'a small number': -5e-324,
    'the largest integer': Number.MAX_SAFE_INTEGER,
    'an empty text': '',
    'a text with NUL': 'a\0b',
    'every control character': String.fromCharCode(...Array(160).keys()),
    'lone surrogates': '\ud800 \udfff x\udc00\ud800',
    'unicode of every width': 'aé€😀\u2028\u2029\ufeff\uffff',
    'text that looks escaped': '\\u0000 \\n "quoted" \\',
    'one megabyte': 'ä😀x'.repeat(250_000),
    'an empty list': [],
    'an empty object': {},
    'deep nesting': JSON.parse('[{"a":'.repeat(200) + '1' + '}]'.repeat(200)),
    'keys of objects': JSON.parse('{"__proto__":{"polluted":true},"constructor":{"prototype":1},"toString":null}'),
    'strange keys': { '': 1, '\0': 2, '\ud800': 3, '1': 4, 'a.b': 5, $ne: 6 },
    'many types': { list: [1, 'two', null, [true], { three: 3 }], object: { nested: { twice: [] } } },
  }
}
