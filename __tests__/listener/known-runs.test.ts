import { expect, test } from '@jest/globals'
import { createKnownRuns, keysOfDelivery } from '../../lib/listener/held/request-runs'

const of = (id: string | undefined, delivery?: string): readonly string[] => keysOfDelivery('POST /done', id, delivery)

test('a delivery has its own run, also when another one with its id has come since', () => {
  const runs = createKnownRuns()
  runs.note(of('a', 'first'), 'task-1')
  runs.note(of('a', 'second'), null)
  expect([of('a', 'first'), of('a', 'second'), of('a'), of('a', 'third'), of('b', 'third')].map(runs.find)).toEqual([
    'task-1',
    null,
    null,
    null,
    undefined,
  ])
})

test('an id without a delivery has the run of the latest one', () => {
  const runs = createKnownRuns()
  runs.note(of('a'), 'task-1')
  runs.note(of('a', 'second'), 'task-2')
  expect([of('a'), of('a', 'first'), of('a', 'second'), of(undefined, 'second')].map(runs.find)).toEqual([
    'task-2',
    'task-2',
    'task-2',
    'task-2',
  ])
})
