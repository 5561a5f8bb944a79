import { describe, expect, test } from '@jest/globals'
import type { DueAnswer } from '../../lib/base/contracts'
import { GONE, HOUR, type LedgerUnderTest, listAll, usePlace } from './ledger-place'

/** The part of the contract that is about when records are due, about what is there when it is opened again, and about messages. */
export function describeDueTimes(name: string, { createPlace, soonMs }: LedgerUnderTest): void {
  const { open, until, isGone, tick } = usePlace(createPlace)

  describe(`a ledger: ${name}`, () => {
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
  })
}
