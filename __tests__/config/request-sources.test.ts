import { describe, expect, test } from '@jest/globals'
import { linesOf } from './problems'

const JOBS = 'workflow: { jobs: [{ id: a, component: api }] }'

function linesOfComponent(keys: string): readonly string[] {
  return linesOf(`components:\n  api: { base_url: "https://api.test", ${keys} }\n${JOBS}`)
}

const NOT_YET =
  'nothing is answered yet when this is rendered; it is read in "output", "done_when", "wait_for" and by polling'
const NO_RESULT = 'there is no result yet; it is read in "output", and in "status" and "result" of polling'

describe('what is not there yet when a template is rendered', () => {
  test.each([
    ['path: "/jobs/${response.job}"', 'path', 'response.job', NOT_YET],
    ['path: "${response.status_url}"', 'path', 'response.status_url', NOT_YET],
    ['path: "/jobs/${response.job | 7}"', 'path', 'response.job', NOT_YET],
    ['path: "/jobs/${input.id | ${response.job}}"', 'path', 'response.job', NOT_YET],
    ['headers: { x-a: "${response.a}" }', 'headers.x-a', 'response.a', NOT_YET],
    ['params: { a: "${result.b}" }', 'params.a', 'result.b', NO_RESULT],
    ['body: { list: [1, "${response}"] }', 'body.list[1]', 'response', NOT_YET],
    ['action: { headers: { x-a: "${response.a}" } }', 'action.headers.x-a', 'response.a', NOT_YET],
    ['completion: { path: "/${response.a}", wait_for: a }', 'completion.path', 'response.a', NOT_YET],
    ['completion: { wait_for: "${result.id}" }', 'completion.wait_for', 'result.id', NO_RESULT],
    ['completion: { done_when: "${result.done}" }', 'completion.done_when', 'result.done', NO_RESULT],
    ['completion: { type: polling, path: "/x/${result.id}" }', 'completion.path', 'result.id', NO_RESULT],
    [
      'completion: { type: callback, fallback: { path: "/x", body: "${result.id}" } }',
      'completion.fallback.body',
      'result.id',
      NO_RESULT,
    ],
  ])('%s', (keys, at, text, reason) => {
    const [line, ...more] = linesOfComponent(keys)
    expect(more).toEqual([])
    expect(line).toContain(` components.api.${at} ERR_CONFIG_TEMPLATE \${${text}} has no value here: ${reason}`)
  })

  test('a base_url too', () => {
    const lines = linesOf(`components:\n  api: { base_url: "\${response.url}" }\n${JOBS}`)
    expect(lines).toEqual([expect.stringContaining(`\${response.url} has no value here: ${NOT_YET}`)])
  })

  test.each([
    ['jobs: [{ id: a, component: logger, input: "${response.a}" }]', 'jobs[0].input'],
    ['jobs: [{ id: a, component: logger, output: { a: "${result.a}" } }]', 'jobs[0].output.a'],
    ['jobs: [{ id: a, component: logger, input: "${callback.url}" }]', 'jobs[0].input'],
    ['jobs: [{ id: a, wait_for: "${response.id}" }]', 'jobs[0].wait_for'],
    [
      'jobs: [{ id: a, component: logger, on_error: [{ component: logger, input: "${response}" }] }]',
      'jobs[0].on_error[0].input',
    ],
    ['jobs: [{ id: a, component: logger }], output: "${result}"', 'output'],
  ])('in a workflow: %s', (keys, at) => {
    const lines = linesOf(`listener: { path: /done, identify_by: "\${body.id}" }\nworkflow: { ${keys} }`)
    expect(lines.length).toBe(1)
    expect(lines[0]).toContain(` workflow.${at} ERR_CONFIG_TEMPLATE `)
    expect(lines[0]).toContain(
      'has no value here: a component reads it; a job reads what its component gave as ${output}',
    )
  })
})

describe('what is there', () => {
  test.each([
    'path: "/x/${input.id}", body: { a: "${error.message}", b: "${output}", c: "${callback.url}", d: "${jobs.a.output | 1}" }',
    'output: { a: "${response.a}", b: "${result.b}" }',
    'completion: { wait_for: "${response.id}", done_when: "${response.done}" }',
    'completion: { type: polling, path: "/x/${response.id}", headers: { x-a: "${response.a}" }, params: { a: "${response.a}" }, body: { a: "${response.a}" }, method: POST, status: "${result.status}", result: "${response.value}", success_when: a }',
    'completion: { type: polling, endpoint: "${response.url}", done_when: "${response.done}" }',
    'completion: { type: callback, fallback: { path: "/x/${response.id}", status: "${response.s}", success_when: a, result: "${result.value}" } }',
  ])('%s', (keys) => {
    const listener = 'listener: { path: /done, identify_by: "${body.id}" }'
    expect(
      linesOf(
        `${listener}\ncomponents:\n  api: { base_url: "https://api.test", ${keys} }\nworkflow: { jobs: [{ id: a, component: logger }, { id: b, component: api }] }`,
      ),
    ).toEqual([])
  })
})
