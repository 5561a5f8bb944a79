import { expect, test } from '@jest/globals'
import { hideUnnamed, isUnnamed } from '../../lib/cli/names'

test.each([
  ['task of workflow __workflow__ running', 'task of the workflow running'],
  [
    'The task 1 of workflow "__workflow__" failed: Job "__job__" failed: x',
    'The task 1 of the workflow failed: The job failed: x',
  ],
  ['in the component "__component__": x', 'in the component: x'],
  ['Job __job__', 'The job'],
  ['defined are: __component__', 'defined are: one without a name'],
  ['workflow "paint", job __job', 'workflow "paint", job __job'],
  ['job __job__s and job __job__/on_error/a', 'job __job__s and job __job__/on_error/a'],
  ['job __workflow__', 'job __workflow__'],
])('%s', (text, shown) => {
  expect(hideUnnamed(text)).toBe(shown)
})

test.each([
  ['__workflow__', true],
  ['__job__', true],
  ['__component__', true],
  ['__proto__', false],
  ['paint', false],
])('%s stands for no name: %s', (name, isIt) => {
  expect(isUnnamed(name)).toBe(isIt)
})
