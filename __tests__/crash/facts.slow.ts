import { describe, expect, test } from '@jest/globals'

interface Fact {
  task?: string
  isAcknowledged: boolean
  readonly results: string[]
}

interface Teller {
  isLive(): boolean
}

interface Facts {
  readonly counts: Readonly<Record<string, number>>
  begin(name: string, kind: 'run' | 'wait'): Fact
  sent(name: string, job: 'paint' | 'report', result?: string): boolean
  recordedBy(task: string, job: string): void
  endedBy(task: string, teller: Teller): void
  stored(fact: Fact): void
  close(): void
}

const {
  createFacts,
  paintingOf,
}: { createFacts(): Facts; paintingOf(name: string, delivery: 1 | 2): string } = require('./cycles/facts')

const FAULTS = ['lost', 'lostRuns', 'resultsTwice', 'endedTwice', 'recordedRepeated']
const LIVE = { isLive: () => true }
const DEAD = { isLive: () => false }

/** A run that has ended as it should, with what happens to it before its end is read, and afterwards. */
function endRun(before: (facts: Facts, fact: Fact) => void, after: (facts: Facts) => void = () => undefined): Facts {
  const facts = createFacts()
  const fact = facts.begin('run', 'run')
  fact.task = 'task'
  facts.sent('run', 'paint')
  facts.recordedBy('task', 'paint')
  fact.isAcknowledged = true
  facts.sent('run', 'report', paintingOf('run', 1))
  facts.endedBy('task', DEAD)
  before(facts, fact)
  facts.stored(fact)
  after(facts)
  facts.close()
  return facts
}

function faultsOf({ counts }: Facts): Record<string, number> {
  return Object.fromEntries(FAULTS.flatMap((name) => (counts[name] ? [[name, counts[name]]] : [])))
}

describe('the books of the crash cycles', () => {
  test.each<[string, Facts, object]>([
    ['nothing, when all went well', endRun(() => undefined), {}],
    ['nothing, when the heir of a dead process tells the end', endRun((facts) => facts.endedBy('task', LIVE)), {}],
    [
      'an end that is told again after it was stored',
      endRun(
        () => undefined,
        (facts) => facts.endedBy('task', LIVE),
      ),
      { endedTwice: 1 },
    ],
    [
      'an end that two live processes tell',
      endRun((facts) => {
        facts.endedBy('task', LIVE)
        facts.endedBy('task', { isLive: () => true })
      }),
      { endedTwice: 1 },
    ],
    ['a second result', endRun((_, { results }) => void results.push(paintingOf('run', 2))), { resultsTwice: 1 }],
    [
      'a result of another callback than the one that was acknowledged',
      endRun((_, { results }) => void results.splice(0, 1, paintingOf('run', 2))),
      { lost: 1 },
    ],
    [
      'a request that comes after the end',
      endRun(
        () => undefined,
        (facts) => void facts.sent('run', 'paint'),
      ),
      { recordedRepeated: 1 },
    ],
  ])('name %s', (_what, facts, expected) => {
    expect(faultsOf(facts)).toEqual(expected)
  })

  test.each<[string, (fact: Fact, facts: Facts) => void, object]>([
    ['a callback that was acknowledged', (fact) => void (fact.isAcknowledged = true), { lost: 1 }],
    ['a run that was acknowledged and sent nothing', (fact) => void (fact.task = 'task'), { lostRuns: 1 }],
    [
      'a run whose end is not stored',
      (fact, facts) => {
        fact.task = 'task'
        facts.sent('run', 'paint')
        facts.sent('run', 'report', paintingOf('run', 1))
      },
      { lostRuns: 1 },
    ],
    ['nothing, when nothing was promised', () => undefined, {}],
  ])('name at the end %s', (_what, happen, expected) => {
    const facts = createFacts()
    happen(facts.begin('run', 'run'), facts)
    facts.close()
    expect(faultsOf(facts)).toEqual(expected)
  })
})
