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
