import { describe, expect, test } from '@jest/globals'

type Counts = Readonly<Record<'kills' | 'runs' | 'acknowledged' | 'lost' | 'doubled' | 'repeated', number>>

interface Books {
  asked(run: string): void
  begun(run: string): void
  ordered(run: string): boolean
  acknowledged(run: string): void
  reported(run: string, painting: string): void
  killed(): void
  countOpen(): number
  count(): Counts & { readonly found: readonly string[] }
}

const {
  createBooks,
  paintingOf,
}: { createBooks(now: () => number): Books; paintingOf(run: string, delivery: 1 | 2): string } = require('./books')

const RUN = 'a'
const FIRST = paintingOf(RUN, 1)

/** What happens to one run, each step a second after the one before; a number is a pause of so many milliseconds instead. */
type Step = 'begun' | 'ordered' | 'acknowledged' | 'first' | 'second' | 'killed' | number

function keep(steps: readonly Step[]): Books {
  let now = 0
  const books = createBooks(() => now)
  books.asked(RUN)
  for (const [index, step] of steps.entries()) {
    if (typeof step === 'number') {
      now += step
      continue
    }
    if (typeof steps[index - 1] !== 'number') now += 1000
    if (step === 'first' || step === 'second') books.reported(RUN, paintingOf(RUN, step === 'first' ? 1 : 2))
    else if (step === 'killed') books.killed()
    else books[step](RUN)
  }
  return books
}

describe('the books of a contender under kills', () => {
  const cases: readonly (readonly [string, readonly Step[], Partial<Counts>])[] = [
    ['a run that goes on', ['begun', 'ordered', 'acknowledged', 'first'], { runs: 1, acknowledged: 1 }],
    ['one that was begun and never went on', ['begun'], { runs: 1, lost: 1 }],
    ['a callback that was acknowledged without an effect', ['ordered', 'acknowledged'], { acknowledged: 1, lost: 1 }],
    ['nothing was promised', ['ordered', 'killed'], { kills: 1 }],
    ['code that goes on again after a kill', ['first', 'killed', 'first'], { kills: 1, repeated: 1 }],
    ['a report that was read just after the kill', ['killed', 50, 'first', 'first'], { kills: 1, repeated: 1 }],
    ['code that goes on again without a kill', ['killed', 'first', 'first'], { kills: 1, doubled: 1 }],
    ['code that goes on with the second delivery', ['first', 'killed', 'second'], { kills: 1, doubled: 1 }],
    ['code that goes on with the second delivery alone', ['acknowledged', 'second'], { acknowledged: 1, doubled: 1 }],
  ]

  test.each(cases)('%s', (_what, steps, counted) => {
    const nothing = { kills: 0, runs: 0, acknowledged: 0, lost: 0, doubled: 0, repeated: 0 }
    const { found, ...counts } = keep(steps).count()
    expect(counts).toEqual({ ...nothing, ...counted })
    expect(found).toHaveLength(counts.lost + counts.doubled)
  })

  test('say what they have found', () => {
    expect(keep(['first', 'first', 'second']).count().found).toEqual([
      'doubled: a went on again after 1000 ms',
      'doubled: a went on with painting 2 of a',
    ])
    expect(keep(['begun', 'acknowledged']).count().found).toEqual(['lost: the callback of a was acknowledged'])
    expect(keep(['begun']).count().found).toEqual(['lost: a was begun'])
  })

  test.each<[readonly Step[], number]>([
    [[], 0],
    [['begun'], 1],
    [['ordered', 'acknowledged'], 1],
    [['begun', 'first'], 0],
  ])('%j leaves %d to go on', (steps, open) => {
    expect(keep(steps).countOpen()).toBe(open)
  })

  test('say which order is the first one of its run, and know no other runs', () => {
    const books = keep([])
    expect([books.ordered(RUN), books.ordered(RUN), books.ordered('b')]).toEqual([true, false, false])
    books.reported('b', FIRST)
    expect(books.count()).toMatchObject({ doubled: 0 })
  })
})
