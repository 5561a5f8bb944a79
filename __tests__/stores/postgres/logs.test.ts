import { expect, test } from '@jest/globals'
import * as fc from 'fast-check'
import { describePostgres, RECORD, useLedgers } from './use-ledgers'

/** A log as the contract has it. */
class Model {
  readonly entries: unknown[] = []
  cutTo = 0

  read(): object {
    const cut = Math.max(this.cutTo - 1, 0)
    return { data: 'data', log: this.entries.slice(cut), cut }
  }

  cut(upTo: number, entry: unknown): boolean {
    if (upTo < 1 || upTo > this.entries.length || upTo <= this.cutTo) return false
    this.entries[upTo - 1] = entry
    this.cutTo = upTo
    return true
  }
}

const entry = fc.oneof(
  { weight: 6, arbitrary: fc.string({ maxLength: 20 }) },
  { weight: 2, arbitrary: fc.integer({ min: 500, max: 1_600 }).map((length) => 'x'.repeat(length)) },
  { weight: 1, arbitrary: fc.constant(['line\nbreak', '\u2028', '', null, '\0', '\\n']) },
)
const step = fc.oneof(
  { weight: 10, arbitrary: fc.record({ is: fc.constant('append' as const), entry }) },
  {
    weight: 2,
    arbitrary: fc.record({
      is: fc.constant('cut' as const),
      entry,
      at: fc.double({ min: -0.2, max: 1.2, noNaN: true }),
    }),
  },
  { weight: 2, arbitrary: fc.constant({ is: 'read' as const }) },
)

describePostgres('a long log, which stands in pages', (server) => {
  const ledgers = useLedgers(server)

  test.each(['key', 'mark', 'run'] as const)(
    'of a %s says the same as a list, however it is written and cut',
    async (kind) => {
      const { ledger } = await ledgers.open()
      let runs = 0
      await fc.assert(
        fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 60 }), fc.boolean(), async (steps, isBatched) => {
          const id = `run-${runs++}`
          const model = new Model()
          await ledger.create(kind, id, RECORD)
          const checks: Promise<void>[] = []
          const check = async (work: Promise<unknown>, expected: unknown): Promise<void> => {
            const promise = work.then((found) => expect(found).toEqual(expected))
            if (isBatched) checks.push(promise)
            else await promise
          }
          for (const one of steps) {
            if (one.is === 'append') await check(ledger.append(kind, id, one.entry), model.entries.push(one.entry))
            else if (one.is === 'read' && !isBatched) await check(ledger.read(kind, id), model.read())
            else if (one.is === 'cut') {
              const upTo = Math.round(one.at * model.entries.length)
              await check(ledger.cut(kind, id, upTo, one.entry), model.cut(upTo, one.entry))
            }
          }
          await Promise.all(checks)
          expect(await ledger.read(kind, id)).toEqual(model.read())
        }),
        { numRuns: 25 },
      )
    },
  )

  test.each([1, 20])('goes with its pages, and one of the same id begins again (entries of %s kB)', async (kB) => {
    const { ledger } = await ledgers.open()
    const long = 'x'.repeat(kB * 1_000)
    for (const kind of ['key', 'mark'] as const) {
      for (let count = 0; count < 3; count++) await ledger.append(kind, 'one', long, { orCreate: RECORD })
      await ledger.touch(kind, 'one', 0)
      while ((await ledger.read(kind, 'one')) !== undefined)
        await new Promise((resolve) => setTimeout(resolve, 10).unref())
      for (const position of [1, 2])
        expect(await ledger.append(kind, 'one', long, { orCreate: { ...RECORD, data: 2 } })).toBe(position)
      expect(await ledger.read(kind, 'one')).toEqual({ data: 2, log: [long, long], cut: 0 })
    }
  })
})
