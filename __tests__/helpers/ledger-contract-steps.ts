import { describe, expect, test } from '@jest/globals'
import type { DueAnswer, Ledger } from '../../lib/base/contracts'
import { GONE, HOUR, type LedgerUnderTest, listAll, type OpenLedger, usePlace } from './ledger-place'

const MANY = 50
const RECORD = { data: 'data', ttlMs: HOUR }
const numbered = (count: number): readonly string[] => Array.from({ length: count }, (_, number) => `id-${number}`)

/** The part of the contract that is about steps which change two things at once, and about groups and pages. */
export function describeSteps(name: string, { createPlace, isShared, soonMs }: LedgerUnderTest): void {
  const { open, until, isGone } = usePlace(createPlace)

  const claim = (ledger: Ledger, entry: unknown, mark = 'mark', ttlMs = HOUR): Promise<number | undefined> =>
    ledger.claim('key', 'one', entry, { orCreate: RECORD, claim: { mark, ttlMs } })

  describe(`a ledger: ${name}`, () => {
    describe('claims', () => {
      test('a mark and appends, to a record that it makes or that is there', async () => {
        const { ledger } = await open()
        expect(await claim(ledger, 'first', 'a')).toBe(1)
        expect(await ledger.append('key', 'one', 'second')).toBe(2)
        expect(await claim(ledger, 'third', 'b')).toBe(3)
        expect(await ledger.read('key', 'one')).toEqual({ data: 'data', log: ['first', 'second', 'third'], cut: 0 })
        for (const mark of ['a', 'b']) expect(await ledger.read('mark', mark)).toEqual({ data: null, log: [], cut: 0 })
      })

      test('nothing when the mark is there, whoever made it, and whatever it is claimed with', async () => {
        const { ledger } = await open()
        await ledger.create('mark', 'made', { data: 1, ttlMs: HOUR })
        expect(await claim(ledger, 'first')).toBe(1)
        expect(await claim(ledger, 'again')).toBeUndefined()
        expect(await claim(ledger, 'other', 'made')).toBeUndefined()
        const elsewhere = { orCreate: RECORD, claim: { mark: 'mark', ttlMs: HOUR } }
        expect(await ledger.claim('run', 'two', 'entry', elsewhere)).toBeUndefined()
        expect((await ledger.read('key', 'one'))?.log).toEqual(['first'])
        expect(await ledger.read('run', 'two')).toBeUndefined()
        expect(await ledger.read('mark', 'made')).toEqual({ data: 1, log: [], cut: 0 })
      })

      test('once, of many at the same moment', async () => {
        const { ledger } = await open()
        const positions = await Promise.all([...Array(MANY).keys()].map((entry) => claim(ledger, entry)))
        expect(positions.filter((position) => position !== undefined)).toEqual([1])
        expect((await ledger.read('key', 'one'))?.log).toEqual([positions.indexOf(1)])
      })

      test('in the order of the calls, among what is appended', async () => {
        const { ledger } = await open()
        const entries = [...Array(MANY).keys()]
        const positions = await Promise.all(
          entries.map((entry) =>
            entry % 2 === 0
              ? claim(ledger, entry, `mark-${entry}`)
              : ledger.append('key', 'one', entry, { orCreate: RECORD }),
          ),
        )
        expect(positions).toEqual(entries.map((entry) => entry + 1))
        expect((await ledger.read('key', 'one'))?.log).toEqual(entries)
      })

      test('again, once the mark is gone', async () => {
        const { ledger, due } = await open()
        expect(await claim(ledger, 'first', 'mark', soonMs)).toBe(1)
        await until(isGone(ledger, 'mark', 'mark'))
        expect(await claim(ledger, 'second')).toBe(2)
        expect(due).toEqual([])
      })

      test('what is there when it is opened again', async () => {
        const first = await open()
        await claim(first.ledger, 'first')
        await first.ledger.close()
        const { ledger } = await open()
        expect(await claim(ledger, 'again')).toBeUndefined()
        expect(await ledger.read('key', 'one')).toEqual({ data: 'data', log: ['first'], cut: 0 })
      })
    })

    describe('claims, and sets when the record is due', () => {
      const claimed = (mark: string, dueMs: number | undefined) => ({
        orCreate: RECORD,
        claim: { mark, ttlMs: HOUR },
        dueMs,
      })

      test.each([
        ['that it makes', []],
        ['that is there', ['first']],
        ['that has a long log', Array(MANY).fill('x'.repeat(100))],
      ])('of one %s', async (_which, log) => {
        const { ledger, due } = await open()
        for (const entry of log) await ledger.append('key', 'one', entry, { orCreate: RECORD })
        expect(await ledger.claim('key', 'one', 'last', claimed('mark', soonMs))).toBe(log.length + 1)
        expect(await ledger.read('key', 'one')).toEqual({ data: 'data', log: [...log, 'last'], cut: 0 })
        await until(isGone(ledger, 'key', 'one'))
        expect(due).toEqual(['key/one'])
        expect(await ledger.read('mark', 'mark')).toEqual({ data: null, log: [], cut: 0 })
      })

      test('but not when the mark is there', async () => {
        const { ledger, due } = await open()
        await ledger.append('key', 'one', 'first', { orCreate: RECORD })
        await ledger.create('mark', 'mark', { data: null, ttlMs: HOUR })
        expect(await ledger.claim('key', 'one', 'again', claimed('mark', 0))).toBeUndefined()
        expect(await ledger.claim('key', 'none', 'again', claimed('mark', 0))).toBeUndefined()
        await ledger.create('key', 'near', { data: null, ttlMs: soonMs })
        await until(() => due.length > 0)
        expect(due).toEqual(['key/near'])
        expect((await ledger.read('key', 'one'))?.log).toEqual(['first'])
        expect(await ledger.read('key', 'none')).toBeUndefined()
      })

      test('of a few of many, in the same moment', async () => {
        const { ledger, due } = await open()
        const ids = numbered(MANY)
        await Promise.all(ids.map((id) => ledger.append('key', id, 'first', { orCreate: RECORD })))
        const dueOf = (index: number): number | undefined => [undefined, soonMs, HOUR][index % 3]
        const positions = await Promise.all([
          ...ids.map((id, index) => ledger.claim('key', id, 'second', claimed(id, dueOf(index)))),
          ...ids.map((id, index) => ledger.claim('key', id, 'third', claimed(`${id}-other`, dueOf(index)))),
          ...ids.map((id) => ledger.claim('key', id, 'again', claimed(id, 0))),
        ])
        expect(positions).toEqual([...ids.map(() => 2), ...ids.map(() => 3), ...ids.map(() => undefined)])
        const logs = await Promise.all(ids.map(async (id) => (await ledger.read('key', id))?.log))
        expect(logs).toEqual(ids.map(() => ['first', 'second', 'third']))
        const soon = ids.filter((_id, index) => index % 3 === 1)
        await until(() => due.length >= soon.length)
        expect(due.toSorted()).toEqual(soon.map((id) => `key/${id}`).toSorted())
      })

      test('not while it is just due', async () => {
        let answer = (_answer: DueAnswer): void => undefined
        const { ledger, due } = await open(() => new Promise((resolve) => (answer = resolve)))
        await ledger.append('key', 'one', 'first', { orCreate: { data: 'data', ttlMs: 0 } })
        await until(() => due.length === 1)
        expect(await ledger.claim('key', 'one', 'second', claimed('mark', HOUR))).toBe(2)
        answer(GONE)
        await until(isGone(ledger, 'key', 'one'))
        expect(due).toEqual(['key/one'])
      })
    })

    describe('cuts a log', () => {
      async function openWithLog(): Promise<OpenLedger> {
        const opened = await open()
        for (const entry of [1, 2, 3, 4]) await opened.ledger.append('key', 'one', entry, { orCreate: RECORD })
        return opened
      }

      test.each([
        [1, ['cut', 2, 3, 4], 0],
        [3, ['cut', 4], 2],
        [4, ['cut'], 3],
      ])('up to %s, and goes on counting', async (upTo, log, cut) => {
        const { ledger } = await openWithLog()
        expect(await ledger.cut('key', 'one', upTo, 'cut')).toBe(true)
        expect(await ledger.read('key', 'one')).toEqual({ data: 'data', log, cut })
        expect(await ledger.append('key', 'one', 5)).toBe(5)
        expect(await claim(ledger, 6)).toBe(6)
        expect(await ledger.read('key', 'one')).toEqual({ data: 'data', log: [...log, 5, 6], cut })
      })

      test('again, behind what was cut, but not before it', async () => {
        const { ledger } = await openWithLog()
        expect(await ledger.cut('key', 'one', 3, { to: 3 })).toBe(true)
        for (const upTo of [1, 2]) expect(await ledger.cut('key', 'one', upTo, 'late')).toBe(false)
        expect(await ledger.cut('key', 'one', 4, { to: 4 })).toBe(true)
        expect(await ledger.read('key', 'one')).toEqual({ data: 'data', log: [{ to: 4 }], cut: 3 })
      })

      test('only where there is one, as far as it goes', async () => {
        const { ledger } = await openWithLog()
        expect(await ledger.cut('key', 'two', 1, 'cut')).toBe(false)
        expect(await ledger.cut('key', 'one', 5, 'cut')).toBe(false)
        expect((await ledger.read('key', 'one'))?.log).toEqual([1, 2, 3, 4])
      })

      test('for good', async () => {
        const first = await openWithLog()
        await first.ledger.cut('key', 'one', 3, 'cut')
        await first.ledger.close()
        const { ledger } = await open()
        expect(await ledger.read('key', 'one')).toEqual({ data: 'data', log: ['cut', 4], cut: 2 })
        expect(await ledger.append('key', 'one', 5)).toBe(5)
      })

      test('beside what is appended at the same moment', async () => {
        const { ledger } = await openWithLog()
        const entries = [...Array(MANY).keys()].map((number) => number + 5)
        const appended = entries.map((entry) => ledger.append('key', 'one', entry))
        const wasCut = await Promise.all([1, 2, 3, 4].map((upTo) => ledger.cut('key', 'one', upTo, `to ${upTo}`)))
        expect(await Promise.all(appended)).toEqual(entries)
        const record = await ledger.read('key', 'one')
        expect(wasCut).toContain(true)
        expect(record?.cut).toBe(wasCut.lastIndexOf(true))
        expect(record?.log.slice(-MANY)).toEqual(entries)
      })
    })

    describe('lists by pages', () => {
      test.each([1, 3, 10, 11])('of %s, each id once', async (limit) => {
        const { ledger } = await open()
        const ids = numbered(10)
        for (const id of ids) await ledger.create('run', id, RECORD)
        const pages: (readonly string[])[] = []
        let after: string | undefined
        do {
          const page = await ledger.list('run', { limit, after })
          pages.push(page.ids)
          after = page.after
        } while (after !== undefined)
        expect(pages.flat().toSorted()).toEqual(ids.toSorted())
        for (const page of pages) expect(page.length).toBeLessThanOrEqual(limit)
      })

      test('what is there all the time, whatever comes and goes meanwhile', async () => {
        const { ledger } = await open()
        const ids = numbered(30)
        for (const id of ids) await ledger.create('run', id, RECORD)
        const gone = new Set<string>()
        const found: string[] = []
        let after: string | undefined
        do {
          const page = await ledger.list('run', { limit: 5, after })
          found.push(...page.ids)
          after = page.after
          const last = page.ids.at(-1)
          if (last === undefined) break
          gone.add(last)
          await ledger.touch('run', last, 0)
          await until(isGone(ledger, 'run', last))
          await ledger.create('run', `new-${found.length}`, RECORD)
        } while (after !== undefined)
        expect(found.filter((id) => !id.startsWith('new'))).toHaveLength(new Set(ids).size)
        expect(new Set(found).size).toBe(found.length)
        for (const id of ids) expect(found.includes(id)).toBe(true)
      })
    })

    describe('groups', () => {
      test('list what was created in them, also by what is appended or claimed', async () => {
        const { ledger } = await open()
        await ledger.create('run', 'one', { ...RECORD, group: 'a' })
        await ledger.append('run', 'two', 'entry', { orCreate: { ...RECORD, group: 'a' } })
        const orCreate = { ...RECORD, group: 'a' }
        await ledger.claim('run', 'three', 'entry', { orCreate, claim: { mark: 'mark', ttlMs: HOUR } })
        await ledger.create('run', 'other', { ...RECORD, group: 'b' })
        await ledger.create('run', 'none', RECORD)
        await ledger.create('key', 'key', { ...RECORD, group: 'a' })
        expect((await listAll(ledger, 'run', { group: 'a' })).toSorted()).toEqual(['one', 'three', 'two'])
        expect(await listAll(ledger, 'run', { group: 'b' })).toEqual(['other'])
        expect(await listAll(ledger, 'run', { group: 'c' })).toEqual([])
        expect(await listAll(ledger, 'key', { group: 'a' })).toEqual(['key'])
        expect((await listAll(ledger, 'run')).toSorted()).toEqual(['none', 'one', 'other', 'three', 'two'])
      })

      test('are left for another by an append, and stay what they are without one', async () => {
        const { ledger } = await open()
        for (const id of ['one', 'two']) await ledger.create('run', id, { ...RECORD, group: 'a' })
        await ledger.create('run', 'three', RECORD)
        expect(await ledger.append('run', 'one', 'entry', { group: 'b' })).toBe(1)
        expect(await ledger.append('run', 'three', 'entry', { group: 'b' })).toBe(1)
        expect(await ledger.append('run', 'two', 'entry', { orCreate: { ...RECORD, group: 'c' } })).toBe(1)
        expect(await ledger.append('run', 'four', 'entry', { group: 'b' })).toBe(0)
        expect(await listAll(ledger, 'run', { group: 'a' })).toEqual(['two'])
        expect((await listAll(ledger, 'run', { group: 'b' })).toSorted()).toEqual(['one', 'three'])
        expect(await listAll(ledger, 'run', { group: 'c' })).toEqual([])
      })

      test('by pages, of what is in them all the time', async () => {
        const { ledger } = await open()
        const ids = numbered(12)
        for (const id of ids) await ledger.create('run', id, { ...RECORD, group: 'a' })
        for (const id of ids.slice(0, 3)) await ledger.append('run', id, 'moved', { group: 'b' })
        for (const id of ids.slice(0, 2)) await ledger.append('run', id, 'back', { group: 'a' })
        const page = await ledger.list('run', { group: 'a', limit: 4 })
        expect(page.ids).toHaveLength(4)
        for (const id of page.ids) await ledger.append('run', id, 'moved', { group: 'b' })
        const rest = await listAll(ledger, 'run', { group: 'a', limit: 3, ...(page.after && { after: page.after }) })
        expect([...page.ids, ...rest].toSorted()).toEqual(ids.filter((id) => id !== 'id-2').toSorted())
      })

      test('are there when it is opened again, and without what is gone', async () => {
        const first = await open()
        for (const id of ['one', 'two', 'gone']) await first.ledger.create('run', id, { ...RECORD, group: 'a' })
        await first.ledger.append('run', 'two', 'entry', { group: 'b' })
        await first.ledger.touch('run', 'gone', 0)
        await until(isGone(first.ledger, 'run', 'gone'))
        await first.ledger.close()
        const { ledger } = await open()
        expect(await listAll(ledger, 'run', { group: 'a' })).toEqual(['one'])
        expect(await listAll(ledger, 'run', { group: 'b' })).toEqual(['two'])
      })
    })

    describe('removes what was seen', () => {
      test('when nobody has written since', async () => {
        const { ledger, due } = await open(async () => ({ remove: true, seen: 1 }))
        await ledger.append('key', 'one', 'entry', { orCreate: { data: null, ttlMs: soonMs } })
        await until(isGone(ledger, 'key', 'one'))
        expect(due).toEqual(['key/one'])
      })

      test('only when the log still ends there; otherwise the handler is called again', async () => {
        const answers: DueAnswer[] = [{ remove: true, seen: 1 }, { remove: true, seen: 0 }, GONE]
        const { ledger, due } = await open(async (kind, id) => {
          const answer = answers.shift() ?? GONE
          if (answers.length === 2) await ledger.append(kind, id, 'meanwhile')
          else expect(await ledger.read(kind, id)).toEqual({ data: null, log: ['before', 'meanwhile'], cut: 0 })
          return answer
        })
        await ledger.append('key', 'one', 'before', { orCreate: { data: null, ttlMs: soonMs } })
        await until(isGone(ledger, 'key', 'one'))
        expect(due).toEqual(['key/one', 'key/one', 'key/one'])
      })

      test('by its position, where the log was cut', async () => {
        const { ledger, due } = await open(async () => ({ remove: true, seen: 3 }))
        for (const entry of [1, 2, 3]) await ledger.append('key', 'one', entry, { orCreate: RECORD })
        await ledger.cut('key', 'one', 2, 'cut')
        await ledger.touch('key', 'one', 0)
        await until(isGone(ledger, 'key', 'one'))
        expect(due).toEqual(['key/one'])
      })
    })

    if (!isShared) return

    test('claims a mark once for all that have it open', async () => {
      const ledgers = [await open(), await open(), await open()].map(({ ledger }) => ledger)
      const claims = ledgers.flatMap((ledger, from) =>
        [...Array(MANY).keys()].map((number) => claim(ledger, { from, number }, `mark-${number}`)),
      )
      const positions = (await Promise.all(claims)).filter((position) => position !== undefined)
      expect(positions.toSorted((one, other) => one - other)).toEqual([...Array(MANY).keys()].map((index) => index + 1))
      const log = (await ledgers[1]?.read('key', 'one'))?.log ?? []
      expect(new Set(log.map((entry) => (entry as { readonly number: number }).number)).size).toBe(MANY)
      expect(log).toHaveLength(MANY)
    })
  })
}
