import { describe, expect, test } from '@jest/globals'
import { compileYaml, linesOf } from './problems'

const LISTENER = 'listener: { callbacks: [{ path: /done }, { path: /failed }] }\n'

function ofJob(waitFor: string, more = ''): string {
  return `${LISTENER}workflow: { jobs: [{ id: hear, wait_for: ${waitFor}${more} }] }`
}

function waitOf(text: string): unknown {
  return [...compileYaml(text).workflows.values()][0]?.jobs[0]?.waitFor
}

describe('any and all of a job', () => {
  test.each<[string, string, object]>([
    [
      'texts are ids',
      '{ any: ["${input.a}", b, 01234] }',
      {
        mode: 'any',
        branches: [{ id: { source: '${input.a}' } }, { id: { source: 'b' } }, { id: { source: '01234' } }],
      },
    ],
    [
      'branches have a path, a timeout and a name; those of all of them stand beside',
      '{ all: [{ id: a, path: /done, timeout: 1m, name: image }, { id: [b, c], name: text }], path: failed, timeout: 1h }',
      {
        mode: 'all',
        path: 'failed',
        timeoutMs: 3_600_000,
        branches: [
          { id: { source: 'a' }, path: '/done', timeoutMs: 60_000, name: 'image' },
          { id: { source: ['b', 'c'] }, path: undefined, timeoutMs: undefined, name: 'text' },
        ],
      },
    ],
    [
      'a template makes the list',
      '{ all: "${input.ids}" }',
      { mode: 'all', branches: [], ids: { source: '${input.ids}' } },
    ],
  ])('are read: %s', (_, waitFor, expected) => {
    expect(compileYaml(ofJob(waitFor)).warnings).toEqual([])
    expect(waitOf(ofJob(waitFor))).toMatchObject(expected)
  })

  test.each<[string, string, readonly string[]]>([
    [
      'an empty list',
      '{ any: [] }',
      ['2:44 workflow.jobs[0].wait_for.any ERR_CONFIG_VALUE expected the branches to wait for, found an empty list'],
    ],
    [
      'an empty list of all',
      '{ all: [] }',
      ['2:44 workflow.jobs[0].wait_for.all ERR_CONFIG_VALUE expected the branches to wait for, found an empty list'],
    ],
    [
      'both at once',
      '{ any: [a, b], all: [c, d] }',
      [
        '2:57 workflow.jobs[0].wait_for.all ERR_CONFIG_VALUE stands beside "any"; keep one of them, or write a job for each',
      ],
    ],
    [
      'an id beside them',
      '{ id: x, any: [a, b] }',
      [
        '2:48 workflow.jobs[0].wait_for.id ERR_CONFIG_VALUE stands beside "any"; write it as a branch: any: [{id: …}, …]',
      ],
    ],
    [
      'neither',
      '{ path: /done }',
      [
        '2:32 workflow.jobs[0].wait_for.id ERR_CONFIG_VALUE missing; expected a template of the id to wait for, or "any" or "all"',
      ],
    ],
    [
      'a branch without id',
      '{ all: [{ path: /done }, b] }',
      ['2:50 workflow.jobs[0].wait_for.all[0].id ERR_CONFIG_VALUE missing; expected a template'],
    ],
    [
      'a branch that is a list',
      '{ any: [a, [b, c]] }',
      [
        '2:53 workflow.jobs[0].wait_for.any[1] ERR_CONFIG_VALUE expected an id to wait for, or a mapping with id, path, timeout and name, found a list',
      ],
    ],
    [
      'a branch that is empty',
      '{ any: [a, ~] }',
      [
        '2:53 workflow.jobs[0].wait_for.any[1] ERR_CONFIG_VALUE expected an id to wait for, or a mapping with id, path, timeout and name, found nothing',
      ],
    ],
    [
      'a text that is no list',
      '{ any: a }',
      [
        '2:49 workflow.jobs[0].wait_for.any ERR_CONFIG_VALUE this text is no list; write the branches as a list, or a template such as "${input.ids}"',
      ],
    ],
    [
      'a number',
      '{ all: 7 }',
      [
        '2:49 workflow.jobs[0].wait_for.all ERR_CONFIG_VALUE this text is no list; write the branches as a list, or a template such as "${input.ids}"',
      ],
    ],
    [
      'a mapping in place of the list',
      '{ all: { a: x } }',
      [
        '2:44 workflow.jobs[0].wait_for.all ERR_CONFIG_VALUE expected a list of branches, or a template that makes a list of ids, found a mapping',
      ],
    ],
    [
      'any inside all',
      '{ all: [a, { any: [b, c] }] }',
      [
        '2:53 workflow.jobs[0].wait_for.all[1].id ERR_CONFIG_VALUE missing; expected a template',
        '2:55 workflow.jobs[0].wait_for.all[1].any ERR_CONFIG_VALUE "any" does not work here: a branch is one wait; write a job for each group, and read their outputs in another one',
      ],
    ],
    [
      'a name for some branches only',
      '{ all: [{ id: a, name: x }, b] }',
      [
        '2:70 workflow.jobs[0].wait_for.all[1].name ERR_CONFIG_VALUE missing; another branch has a name, so give one to each',
      ],
    ],
    [
      'a name twice',
      '{ any: [{ id: a, name: x }, { id: b, name: x }] }',
      [
        '2:85 workflow.jobs[0].wait_for.any[1].name ERR_CONFIG_VALUE "x" is the name of workflow.jobs[0].wait_for.any[0] too; name each branch differently',
      ],
    ],
    [
      'a path that no callback has',
      '{ any: [{ id: a, path: /done }, { id: b, path: /faild }] }',
      [
        '2:89 workflow.jobs[0].wait_for.any[1].path ERR_ENDPOINT_UNKNOWN no callback has the path "/faild". Did you mean "/failed"? There are /done, /failed',
      ],
    ],
    [
      'such a path of all branches',
      '{ all: [a, b], path: /dnoe }',
      [
        '2:63 workflow.jobs[0].wait_for.path ERR_ENDPOINT_UNKNOWN no callback has the path "/dnoe". Did you mean "/done"? There are /done, /failed',
      ],
    ],
    [
      'a wrong timeout',
      '{ any: [{ id: a, timeout: soon }, b] }',
      [
        '2:68 workflow.jobs[0].wait_for.any[0].timeout ERR_CONFIG_VALUE expected a duration such as "500ms", "30s", "5m", "2h" or "1d", or milliseconds, found "soon"',
      ],
    ],
    [
      'a mistyped key',
      '{ any: [{ id: a, pth: /done }, b] }',
      ['2:59 workflow.jobs[0].wait_for.any[0].pth ERR_CONFIG_UNKNOWN_KEY Unknown key "pth". Did you mean "path"?'],
    ],
    [
      'a source that a job does not have',
      '{ any: ["${response.id}", b] }',
      ['2:50 workflow.jobs[0].wait_for.any[0] ERR_CONFIG_TEMPLATE'],
    ],
    [
      'a job that is not there',
      '{ all: [a, { id: "${jobs.draw.output.id}" }] }',
      [
        '2:59 workflow.jobs[0].wait_for.all[1].id ERR_CONFIG_TEMPLATE ${jobs.draw.output.id} reads a job that this workflow does not have; it has no other job.',
      ],
    ],
  ])('are refused: %s', (_, waitFor, expected) => {
    const found = linesOf(ofJob(waitFor))
    expect(found.length).toBe(expected.length)
    for (const [index, line] of expected.entries()) expect(found[index]).toContain(line)
  })

  test.each(['any', 'all'])('one branch of %s is a warning', (mode) => {
    expect(compileYaml(ofJob(`{ ${mode}: [a] }`)).warnings).toMatchObject([
      {
        at: `workflow.jobs[0].wait_for.${mode}`,
        message: `one branch alone needs no "${mode}"; write what it waits for without it`,
        location: { line: 2 },
      },
    ])
  })

  test('a path without any callback in the config is a warning for each branch', () => {
    const text = 'workflow: { jobs: [{ wait_for: { any: [{ id: a, path: /x }, { id: b, path: /y }] } }] }'
    expect(compileYaml(text).warnings.map(({ at }) => at)).toEqual([
      'workflow.jobs[0].wait_for.any[0].path',
      'workflow.jobs[0].wait_for.any[1].path',
    ])
  })

  test.each([
    [
      'the jobs that its branches read',
      '{ any: ["${jobs.a.output.id}", { id: ["${jobs.b.output.id}"] }] }',
      ['a', 'b'],
    ],
    ['the jobs that its list reads', '{ all: "${jobs.b.output.ids}" }', ['b']],
    ['the job above whose output a branch reads', '{ all: [x, "${output.id}"] }', ['b']],
  ])('a job that waits runs after %s', (_, waitFor, after) => {
    const text = `${LISTENER}workflow: { jobs: [{ id: a, component: logger }, { id: b, component: logger }, { id: c, depends_on: [], wait_for: ${waitFor} }] }`
    expect([...compileYaml(text).workflows.values()][0]?.jobs[2]?.after).toEqual(after)
  })
})
