import { describe, expect, test } from '@jest/globals'
import { compileYaml, linesOf } from './problems'

const LISTENER = 'listener: { callbacks: [{ path: /done }, { path: /failed }] }\n'
const API = '{ base_url: "http://api.example", path: /tasks, body: {} }'

function ofJob(waitFor: string, more = ''): string {
  return `${LISTENER}workflow: { jobs: [{ id: hear, wait_for: ${waitFor}${more} }] }`
}

function ofComponent(waitFor: string, more = ''): string {
  return `${LISTENER}component: { base_url: "http://api.example", body: {}, completion: { wait_for: ${waitFor}${more} } }\nworkflow: { jobs: [{ id: ask }] }`
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

describe('any and all of a completion', () => {
  test('are read beside path and timeout of all branches', () => {
    const waitFor =
      '{ any: [{ id: "${response.id}", path: /done, name: good }, { path: "${input.path}", timeout: 5s, name: bad }] }'
    const config = compileYaml(ofComponent(waitFor, ', path: /done, timeout: 1m'))
    expect(config.warnings).toEqual([])
    expect([...(config.components?.values() ?? [])][0]).toMatchObject({
      completion: {
        type: 'callback',
        waitFor: undefined,
        path: { source: '/done' },
        timeoutMs: 60_000,
        several: {
          mode: 'any',
          branches: [
            { id: { source: '${response.id}' }, path: { source: '/done' }, name: 'good' },
            { id: undefined, path: { source: '${input.path}' }, timeoutMs: 5000, name: 'bad' },
          ],
        },
      },
    })
  })

  test.each<[string, string, string, string]>([
    [
      'an empty list',
      '{ any: [] }',
      'component.completion.wait_for.any',
      'expected the branches to wait for, found an empty list',
    ],
    ['nothing', '{}', 'component.completion.wait_for', 'expected "any" or "all", found an empty mapping'],
    ['both at once', '{ any: [a, b], all: [a, b] }', 'component.completion.wait_for.all', 'stands beside "any"'],
    [
      'a text in place of the list',
      '{ all: "${response.ids}" }',
      'component.completion.wait_for.all',
      'expected a list of branches; where a template makes the list',
    ],
    [
      'an unknown key',
      '{ ayn: [a, b] }',
      'component.completion.wait_for.ayn',
      'Unknown key "ayn". Did you mean "any"?',
    ],
    [
      'a branch without id and path',
      '{ all: [{ timeout: 5s }, b] }',
      'component.completion.wait_for.all[0]',
      'expected the id or the path of a callback, found neither',
    ],
    [
      'all inside any',
      '{ any: [a, { id: x, all: [b] }] }',
      'component.completion.wait_for.any[1].all',
      'a branch is one wait',
    ],
    [
      'a path that no callback has',
      '{ any: [{ path: /don }, b] }',
      'component.completion.wait_for.any[0].path',
      'Did you mean "/done"?',
    ],
    [
      'a result that is not there yet',
      '{ any: ["${result.id}", b] }',
      'component.completion.wait_for.any[0]',
      'there is no result yet',
    ],
  ])('are refused: %s', (_, waitFor, at, message) => {
    const found = linesOf(ofComponent(waitFor))
    expect(found.length).toBe(1)
    expect(found[0]).toContain(`${at} `)
    expect(found[0]).toContain(message)
  })

  test('a fallback beside them is refused, since it asks for one callback', () => {
    const found = linesOf(ofComponent('{ all: [a, b] }', ', fallback: { path: /ask }'))
    expect(found).toEqual([
      expect.stringContaining(
        'component.completion.fallback ERR_CONFIG_VALUE stands beside "all"; it asks for one callback',
      ),
    ])
  })
})

describe('${branch}', () => {
  test.each([
    ['the output of a job that waits for any', ofJob('{ any: [a, b] }', ', output: { by: "${branch.name}" }')],
    [
      'the output of a component that does',
      ofComponent('{ any: [a, b] }').replace('body: {}', 'body: {}, output: "${branch.index}"'),
    ],
    [
      'the output of a job that calls such a component',
      ofComponent('{ any: [a, b] }').replace('id: ask', 'id: ask, output: "${branch.id}"'),
    ],
    [
      'the output of a job whose component is not known',
      'workflow: { jobs: [{ component: x, output: "${branch.id}" }] }',
    ],
  ])('is read in %s', (_, text) => {
    expect(linesOf(text)).toEqual([])
  })

  const NO_BRANCH = '"branch" has no value here; it says which branch of a wait_for with "any" came first'
  test.each([
    ['a job that waits for all', ofJob('{ all: [a, b] }', ', output: "${branch.name}"'), NO_BRANCH],
    ['a job that waits for one', ofJob('a', ', output: "${branch.name}"'), NO_BRANCH],
    ['a job that logs', 'workflow: { jobs: [{ component: logger, output: "${branch.id}" }] }', NO_BRANCH],
    [
      'a job that calls another component',
      `component: ${API}\nworkflow: { jobs: [{ output: "\${branch.id}" }] }`,
      NO_BRANCH,
    ],
    [
      'another component',
      `component: ${API.replace('body', 'output: "${branch.id}", body')}\nworkflow: { jobs: [{ id: a }] }`,
      NO_BRANCH,
    ],
    [
      'the input of a job',
      'workflow: { jobs: [{ component: logger, input: "${branch.id}" }] }',
      'it is read in "output", where wait_for has "any"',
    ],
    [
      'a request',
      `component: ${API.replace('{}', '"${branch.id}"')}\nworkflow: { jobs: [{ id: a }] }`,
      'it is read in "output", where wait_for has "any"',
    ],
  ])('is refused in %s', (_, text, message) => {
    expect(linesOf(text)).toEqual([expect.stringContaining(message)])
  })
})
