import { describe, expect, test } from '@jest/globals'
import { compileYaml } from './problems'
import { A, B, C, workflowOf } from './workflow-of'

/** What each job runs after, written as `b: a`; `rest` are other sections. */
function orderOf(jobs: string, rest = ''): readonly string[] {
  const { workflows } = compileYaml(workflowOf(jobs) + rest)
  const [workflow] = workflows.values()
  return (workflow?.jobs ?? []).map(({ id, after }) => `${id}: ${after.join(' ')}`.trim())
}

describe('a job runs after', () => {
  test.each([
    ['the one above it', `${A}\n${B}\n${C}`, ['a:', 'b: a', 'c: b']],
    ['those that it depends on', `${A}\n${B}\n{ id: c, component: logger, depends_on: a }`, ['a:', 'b: a', 'c: a']],
    [
      'each of them once, in the order of the workflow',
      `${A}\n${B}\n{ id: c, component: logger, depends_on: [b, a, b], input: "\${jobs.a.output}" }`,
      ['a:', 'b: a', 'c: a b'],
    ],
    ['none when it depends on none', `${A}\n{ id: b, component: logger, depends_on: [] }`, ['a:', 'b:']],
    ['the one above when depends_on is empty', `${A}\n{ id: b, component: logger, depends_on: }`, ['a:', 'b: a']],
    [
      'those that its input reads',
      `${A}\n${B}\n{ id: c, component: logger, input: { x: ["<\${jobs.a.output.x}>"] } }`,
      ['a:', 'b: a', 'c: a b'],
    ],
    [
      'those that its output reads',
      `${A}\n${B}\n{ id: c, component: logger, depends_on: [], output: "\${output.n + jobs.a.output.n}" }`,
      ['a:', 'b: a', 'c: a'],
    ],
    [
      'those that its wait reads',
      `${A}\n${B}\n{ id: c, depends_on: [], wait_for: "\${jobs.a.output.id}" }`,
      ['a:', 'b: a', 'c: a'],
    ],
    [
      'those that its list of ids reads',
      `${A}\n${B}\n{ id: c, depends_on: [], wait_for: { id: ["\${jobs.a.output}", "\${jobs.b.output}"] } }`,
      ['a:', 'b: a', 'c: a b'],
    ],
    [
      'those that stand in a default',
      `${A}\n${B}\n{ id: c, component: logger, depends_on: [], input: "\${input.x | \${jobs.a.output | 1}}" }`,
      ['a:', 'b: a', 'c: a'],
    ],
    [
      'one below it that it reads',
      `{ id: a, component: logger, input: "\${jobs.b.output}" }\n{ id: b, component: logger, depends_on: [] }`,
      ['a: b', 'b:'],
    ],
    [
      'one below it that it depends on',
      `{ id: a, component: logger, depends_on: c }\n{ id: b, component: logger, depends_on: [] }\n${C}`,
      ['a: c', 'b:', 'c: b'],
    ],
    [
      'the one above whose output is its input',
      `${A}\n${B}\n{ id: c, component: logger, depends_on: [], input: { data: "\${output}" } }`,
      ['a:', 'b: a', 'c: b'],
    ],
    [
      'the one above whose output it waits for',
      `${A}\n${B}\n{ id: c, depends_on: a, wait_for: "\${output.id}" }`,
      ['a:', 'b: a', 'c: a b'],
    ],
    [
      'none for the output of its own component',
      `${A}\n{ id: b, component: logger, depends_on: [], output: "\${output}" }`,
      ['a:', 'b:'],
    ],
    [
      'none for what a logger gives on',
      `${A}\n{ id: b, component: logger, depends_on: [], input: { message: hi } }`,
      ['a:', 'b:'],
    ],
    [
      'none when it is the first and reads the output before it',
      '{ id: a, component: logger, input: "${output}" }',
      ['a:'],
    ],
  ])('%s', (_, jobs, expected) => {
    expect(orderOf(jobs)).toEqual(expected)
  })

  test.each(['${jobs}', '${jobs[*].output}', '${jobs.*.b}', '${jobs..b}', '${jobs[0:1].b}', '$${jobs.b}', 'jobs.b'])(
    'none in particular for %s',
    (input) => {
      expect(orderOf(`${A}\n${B}\n{ id: c, component: logger, depends_on: [], input: '${input}' }`)[2]).toBe('c:')
    },
  )

  test('those whose ids are names of every object', () => {
    const jobs = `{ id: __proto__, component: logger }
      { id: constructor, component: logger }
      { id: "0", component: logger, depends_on: [constructor] }
      { id: a b, component: logger, depends_on: __proto__, input: "\${jobs.constructor.output} \${jobs[0].output}" }
      { id: last, component: logger, input: "\${jobs['__proto__'].output} \${jobs[\\"a b\\"].output}" }`
    expect(orderOf(jobs)).toEqual([
      '__proto__:',
      'constructor: __proto__',
      '0: constructor',
      'a b: __proto__ constructor 0',
      'last: __proto__ a b',
    ])
  })

  test('the one that has no id', () => {
    const jobs = `{ component: logger }\n${A}\n{ id: b, component: logger, input: "\${jobs.__job__.output}" }`
    expect(orderOf(jobs)).toEqual(['__job__:', 'a: __job__', 'b: __job__ a'])
  })
})

describe('a job runs after those that its component reads', () => {
  const READ = '"${jobs.a.output}"'

  test.each([
    `{ base_url: ${READ} }`,
    `{ path: ${READ} }`,
    `{ endpoint: ${READ} }`,
    `{ headers: { X: ${READ} }, action: { path: / } }`,
    `{ action: { path: /, headers: { X: ${READ} } } }`,
    `{ path: /, params: { x: ${READ} } }`,
    `{ path: /, body: [{ x: ${READ} }] }`,
    `{ path: /, output: ${READ} }`,
    `{ path: /, output: "\${jobs.a.output | none}" }`,
    `{ path: /, completion: { wait_for: ${READ} } }`,
    `{ path: /, completion: { path: ${READ} } }`,
    `{ path: /, completion: { done_when: ${READ} } }`,
    `{ path: /, completion: { fallback: { path: ${READ} } } }`,
    `{ path: /, completion: { fallback: { path: /t, result: ${READ} } } }`,
    `{ path: /, completion: { type: polling, path: ${READ} } }`,
    `{ path: /, completion: { type: polling, path: /t, done_when: ${READ} } }`,
    `{ path: /, completion: { type: polling, path: /t, status: ${READ} } }`,
    `{ path: /, completion: { type: polling, path: /t, body: ${READ} } }`,
  ])('%s', (component) => {
    expect(orderOf(`${A}\n{ id: b, component: api, depends_on: [] }`, `components: { api: ${component} }`)).toEqual([
      'a:',
      'b: a',
    ])
  })

  test('also when it does not name the only one', () => {
    expect(orderOf(`${A}\n{ id: b, depends_on: [] }`, `component: { path: ${READ} }`)).toEqual(['a:', 'b: a'])
  })
})

describe('a job runs after those that its on_error jobs read', () => {
  const failing = (list: string): string => `{ id: c, component: logger, depends_on: [], on_error: ${list} }`

  test.each([
    ['in their input', '[{ component: logger, input: "${jobs.a.output}" }]', 'c: a'],
    ['in their component', '[{ component: api }]', 'c: b'],
    [
      'at any depth',
      '[{ component: logger, on_error: [{ component: logger, input: "${jobs.a.output}" }, { id: d, component: api }] }]',
      'c: a b',
    ],
    ['but not those of their own list', '[{ id: x, component: logger }, { id: y, input: "${jobs.x.output}" }]', 'c: b'],
    [
      'but not those of a list around theirs',
      '[{ id: x, component: logger }, { component: logger, on_error: [{ component: logger, input: "${jobs.x.output}" }] }]',
      'c:',
    ],
    [
      'nor one of their own list that is called the same',
      '[{ id: a, component: logger }, { id: y, wait_for: "${jobs.a.output}" }]',
      'c:',
    ],
    ['nor the one above for its output', '[{ component: logger, input: "${output}" }]', 'c:'],
  ])('%s', (_, list, expected) => {
    const rest = 'components: { api: { path: "${jobs.b.output}" } }'
    expect(orderOf(`${A}\n${B}\n${failing(list)}`, rest)[2]).toBe(expected)
  })

  test('which themselves run after nothing', () => {
    const list = '[{ id: x, component: logger, input: "${jobs.a.output}" }, { id: y, component: logger }]'
    const { workflows } = compileYaml(workflowOf(`${A}\n${failing(list)}`))
    const [workflow] = workflows.values()
    expect(workflow?.jobs[1]).toMatchObject({ after: ['a'], onError: [{ after: [] }, { after: [] }] })
  })
})

describe('the order of the chapter', () => {
  test('of two steps is one after the other', () => {
    const jobs = `{ id: generate, component: maker, input: { prompt: "\${input.prompt}" }, output: { image_url: "\${output.url}" } }
      { id: optimize, component: presser, input: { url: "\${jobs.generate.output.image_url}" }, output: { saved: "\${output.a - output.b}" } }`
    const rest = 'components: { maker: { path: /a, body: { id: "${context.run_id}" } }, presser: { path: /b } }'
    expect(orderOf(jobs, rest)).toEqual(['generate:', 'optimize: generate'])
  })
})
