import { describe, expect, test } from '@jest/globals'
import { isUnnamed, listNames, nameAtStart, nameOf } from '../../lib/base/unnamed'
import { useCli } from './use-cli'

const cli = useCli()

describe('a sentence names', () => {
  test.each([
    ['workflow', 'paint', 'workflow "paint"', 'Workflow "paint"'],
    ['job', 'draw it', 'job "draw it"', 'Job "draw it"'],
    ['job', 'draw/on_error/__job__', 'job "draw/on_error/__job__"', 'Job "draw/on_error/__job__"'],
    ['component', '__workflow__', 'component "__workflow__"', 'Component "__workflow__"'],
    ['workflow', '__workflow__', 'the workflow', 'The workflow'],
    ['job', '__job__', 'the job', 'The job'],
    ['component', '__component__', 'the component', 'The component'],
  ] as const)('a %s with the id %s as %s', (noun, id, within, atStart) => {
    expect([nameOf(noun, id), nameAtStart(noun, id)]).toEqual([within, atStart])
  })

  test.each([
    [[], ''],
    [['a', 'b'], 'a, b'],
    [['__component__'], 'one without a name'],
    [['a', '__job__'], 'a, one without a name'],
  ])('%j as %s', (ids, listed) => {
    expect(listNames(ids)).toBe(listed)
  })
})

test.each([
  ['__workflow__', true],
  ['__job__', true],
  ['__component__', true],
  ['__proto__', false],
  ['paint', false],
])('%s stands for no name: %s', (id, isIt) => {
  expect(isUnnamed(id)).toBe(isIt)
})

describe('the command line never prints the id of what has none', () => {
  test.each([
    [
      'a job that fails',
      ['run', '--log-level', 'debug'],
      'component: { type: http-client, base_url: "http://127.0.0.1:1", path: /x }\nworkflow: { job: { retry: 1 } }',
      1,
      /The job failed: /,
    ],
    [
      'the message of a logger without one',
      ['run'],
      'workflow: { jobs: [{ component: logger }] }',
      0,
      /info {2}The job\n/,
    ],
    [
      'a name of no workflow',
      ['run', 'paint'],
      'workflow: { jobs: [{ component: logger }] }',
      2,
      /The config has one workflow, without a name; leave the name out/,
    ],
    [
      'a component that is missing',
      ['validate'],
      'component: { type: http-client, base_url: "http://127.0.0.1:1", path: /x }\nworkflow: { jobs: [{ component: paint }] }',
      1,
      /no component "paint" is defined; defined are: one without a name/,
    ],
    [
      'a workflow that is missing',
      ['validate'],
      'workflow: { jobs: [{ component: logger }] }\nlistener: { path: /a, identify_by: "${body.id}", workflow: paint }',
      1,
      /no workflow "paint" is defined; defined are: one without a name/,
    ],
    [
      'a job that is missing',
      ['validate'],
      'workflow: { jobs: [{ component: logger }, { id: b, component: logger, depends_on: [c] }] }',
      1,
      /this workflow has no job "c"; known here: one without a name/,
    ],
    [
      'jobs that wait for each other',
      ['validate'],
      'workflow: { jobs: [{ component: logger, depends_on: [b] }, { id: b, component: logger, depends_on: [__job__] }] }',
      1,
      /these jobs wait for each other: the job → b → the job;/,
    ],
    [
      'a template of a component',
      ['validate'],
      'component: { type: http-client, base_url: "http://127.0.0.1:1", path: "/${jobs.a.output}" }\nworkflow: { job: {} }',
      1,
      /in the component: /,
    ],
  ])('%s', async (_name, argv, config, code, message) => {
    const ended = await cli.run(argv, { files: { 'callbacks.yml': config } })
    expect(ended.stdout + ended.stderr).toMatch(message)
    expect(ended.stdout + ended.stderr).not.toMatch(/__\w+__/)
    expect(ended.code).toBe(code)
  })
})
