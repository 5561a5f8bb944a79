import { describe, expect, test } from '@jest/globals'
import { createJsonSchema } from '../../.ci/write-schema.cjs'
import { configShape } from '../../lib/config/schema'
import { compileYaml, linesOf } from './problems'

const LISTENER = 'listener: { callbacks: [{ path: /done }] }\n'

const ofJob = (waitFor: string): string => `${LISTENER}workflow: { jobs: [{ id: hear, wait_for: ${waitFor} }] }`
const waitOf = (text: string): unknown => [...compileYaml(text).workflows.values()][0]?.jobs[0]?.waitFor

describe('when of wait_for', () => {
  test.each<[string, string, object]>([
    ['one wait', '{ id: a, when: "${body.final}" }', { mode: 'one', when: { source: '${body.final}' } }],
    ['none', '{ id: a }', { mode: 'one', when: undefined }],
    [
      'branches, and the others',
      '{ all: [{ id: a, when: "${result}" }, b], when: "${input.all}" }',
      {
        mode: 'all',
        when: { source: '${input.all}' },
        branches: [{ when: { source: '${result}' } }, { when: undefined }],
      },
    ],
    [
      'a list that a template makes',
      '{ any: "${input.ids}", when: "${header.x-final}" }',
      { mode: 'any', when: { source: '${header.x-final}' } },
    ],
  ])('is read: %s', (_, waitFor, expected) => {
    expect(compileYaml(ofJob(waitFor)).warnings).toEqual([])
    expect(waitOf(ofJob(waitFor))).toMatchObject(expected)
  })

  test.each([
    'result.ok',
    'body[0].ok',
    'status',
    'header.X-Final',
    'id',
    'input.x',
    'env.X | 0',
    'context.run_id',
    'output',
  ])('may read %s', (path) => expect(linesOf(ofJob(`{ id: a, when: "\${${path}}" }`))).toEqual([]))

  test.each<[string, string, readonly string[]]>([
    ['a list', '{ id: a, when: ["${body.final}"] }', ['2:51 workflow.jobs[0].wait_for.when ERR_CONFIG_VALUE']],
    ['a mapping', '{ id: a, when: { type: done } }', ['2:51 workflow.jobs[0].wait_for.when ERR_CONFIG_VALUE']],
    [
      'a source without a value here',
      '{ id: a, when: "${response.ok}" }',
      ['2:57 workflow.jobs[0].wait_for.when ERR_CONFIG_TEMPLATE'],
    ],
    [
      'a source of the endpoint',
      '{ id: a, when: "${query.ok}" }',
      ['2:57 workflow.jobs[0].wait_for.when ERR_CONFIG_TEMPLATE'],
    ],
    [
      'a broken template in a branch',
      '{ any: [{ id: a, when: "${body" }, b] }',
      ['2:65 workflow.jobs[0].wait_for.any[0].when ERR_CONFIG_TEMPLATE'],
    ],
    [
      'a job that is not there',
      '{ id: a, when: "${jobs.draw.output}" }',
      ['2:57 workflow.jobs[0].wait_for.when ERR_CONFIG_TEMPLATE'],
    ],
    ['a wrong name', '{ id: a, wehn: "${body.x}" }', ['2:51 workflow.jobs[0].wait_for.wehn ERR_CONFIG_UNKNOWN_KEY']],
  ])('is refused with its place: %s', (_, waitFor, expected) => {
    expect(linesOf(ofJob(waitFor)).map((line) => line.split(' ').slice(0, 3).join(' '))).toEqual(expected)
  })

  test.each([
    ['a path without ${ }', 'body.final', 'did you mean "${body.final}"?'],
    ['a word', 'yes', 'is the same for every callback'],
    ['a comparison', '"${body.type} == done"', 'is a text that is never empty'],
  ])('is warned of: %s', (_, when, expected) => {
    for (const [waitFor, at] of [
      [`{ id: a, when: ${when} }`, 'when'],
      [`{ all: [{ id: a, when: ${when} }, b] }`, 'all[0].when'],
      [`{ any: [a, b], when: ${when} }`, 'when'],
    ]) {
      expect(compileYaml(ofJob(String(waitFor))).warnings).toMatchObject([
        { at: `workflow.jobs[0].wait_for.${at}`, message: expect.stringContaining(expected), location: { line: 2 } },
      ])
    }
  })

  test.each(['{ id: x, when: "${jobs.b.output.ok}" }', '{ any: [x, { id: y, when: "${jobs.b.output.ok}" }] }'])(
    'lets its job run after the jobs that it reads: %s',
    (waitFor) => {
      const jobs = `{ id: b, component: logger }, { id: c, component: logger }, { id: hear, depends_on: [], wait_for: ${waitFor} }`
      const [workflow] = compileYaml(`${LISTENER}workflow: { jobs: [${jobs}] }`).workflows.values()
      expect(workflow?.jobs.find(({ id }) => id === 'hear')?.after).toEqual(['b'])
    },
  )

  test('reads the output of the job above, which it runs after', () => {
    const jobs = '{ id: b, component: logger }, { id: hear, depends_on: [], wait_for: { id: x, when: "${output.ok}" } }'
    const [workflow] = compileYaml(`${LISTENER}workflow: { jobs: [${jobs}] }`).workflows.values()
    expect(workflow?.jobs[1]?.after).toEqual(['b'])
  })

  test('stands in the JSON Schema of a wait and of a branch', () => {
    const text = JSON.stringify(createJsonSchema(configShape))
    expect(text.match(/Whether a callback ends the wait, such as/g)?.length).toBeGreaterThanOrEqual(2)
  })
})

describe('when of a completion', () => {
  const yaml = (completion: string): string =>
    `listener: { path: /done, identify_by: "\${body.id}" }\ncomponent: { base_url: "http://api.example", body: {}, completion: ${completion} }\nworkflow: { jobs: [{ id: ask }] }`

  test.each([
    ['alone', '{ path: /done, when: "${body.final}" }'],
    ['in a branch', '{ wait_for: { any: [{ path: /done, when: "${result.final}" }, b] } }'],
    ['beside the branches', '{ when: "${callback.id}", wait_for: { any: [{ path: /done }, b] } }'],
  ])('is read %s', (_, completion) => {
    expect(compileYaml(yaml(completion)).warnings).toEqual([])
  })

  test.each([
    [
      'beside polling',
      '{ type: polling, path: /x, when: "${body.final}" }',
      'a completion of type "polling" has no "when"',
    ],
    ['without a wait', '{ type: none, when: "${body.final}" }', 'a completion of type "none" has no "when"'],
    ['beside a fallback', '{ path: /done, when: "${body.final}", fallback: { path: /x } }', 'stands beside "when"'],
    ['that reads the answer', '{ path: /done, when: "${response.final}" }', 'nothing is answered yet'],
  ])('is refused %s', (_, completion, message) => {
    expect(linesOf(yaml(completion))).toEqual([expect.stringContaining(message)])
  })

  test.each([
    ['a comparison', '{ path: /done, when: "${body.type} == done" }', 'is a text that is never empty'],
    ['no template', '{ path: /done, when: body.final }', 'is the same for every callback'],
    [
      'no template in a branch',
      '{ wait_for: { any: [{ id: a, when: body.final }, b] } }',
      'is the same for every callback',
    ],
  ])('is warned of: %s', (_, completion, message) => {
    expect(compileYaml(yaml(completion)).warnings).toMatchObject([{ message: expect.stringContaining(message) }])
  })
})
