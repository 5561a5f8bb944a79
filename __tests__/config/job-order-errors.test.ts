import { describe, expect, test } from '@jest/globals'
import { linesOf } from './problems'
import { A, B, workflowOf } from './workflow-of'

describe('a workflow is refused when', () => {
  const COMPONENTS = 'components: { api: { path: "${jobs.a.output}" }, off: { path: "${jobs.x.output | none}" } }'

  test.each([
    [
      'depends_on names a job that is not there',
      `{ id: draw, component: logger }\n{ id: b, component: logger, depends_on: [drow] }`,
      '4:35 workflow.jobs[1].depends_on ERR_CONFIG_VALUE this workflow has no job "drow"; known here: draw. Did you mean "draw"?',
    ],
    [
      'depends_on names several that are not there',
      `${A}\n${B}\n{ id: c, component: logger, depends_on: [x1y2, a, constructor] }`,
      '5:35 workflow.jobs[2].depends_on ERR_CONFIG_VALUE this workflow has no job "x1y2" and no "constructor"; known here: a, b.',
    ],
    [
      'a job depends on itself',
      '{ id: a, component: logger, depends_on: a }',
      '3:47 workflow.jobs[0].depends_on ERR_CONFIG_VALUE "a" is this job; it cannot wait for itself',
    ],
    [
      'an input reads a job that is not there',
      `{ id: draw, component: logger }\n{ id: b, component: logger, input: { x: "\${jobs.drow.output.x | 1}" } }`,
      '4:35 workflow.jobs[1].input ERR_CONFIG_TEMPLATE ${jobs.drow.output.x} reads a job that this workflow does not have; known here: draw. Did you mean "draw"?',
    ],
    [
      'an output reads a job that is not there',
      `{ id: draw, component: logger, output: "\${jobs[\\"x y\\"].output}" }`,
      '3:46 workflow.jobs[0].output ERR_CONFIG_TEMPLATE ${jobs["x y"].output} reads a job that this workflow does not have; it has no other job.',
    ],
    [
      'a wait reads a job that is not there',
      `${A}\n{ id: b, wait_for: "\${jobs.toString.output}" }`,
      '4:26 workflow.jobs[1].wait_for ERR_CONFIG_TEMPLATE ${jobs.toString.output} reads a job that this workflow does not have; known here: a.',
    ],
    [
      'the ids of a wait read a job that is not there',
      `${A}\n{ id: b, wait_for: { id: ["\${jobs.__proto__.output}"] } }`,
      '4:28 workflow.jobs[1].wait_for.id ERR_CONFIG_TEMPLATE ${jobs.__proto__.output} reads a job that this workflow does not have; known here: a.',
    ],
    [
      'a component reads a job that is not there',
      '{ id: b, component: api }\n{ id: c, component: logger }',
      '3:27 workflow.jobs[0].component ERR_CONFIG_TEMPLATE in the component "api": ${jobs.a.output} reads a job that this workflow does not have; known here: c. A job that may be missing needs a default: ${jobs.a… | null}.',
    ],
    [
      'a component reads the job that calls it',
      '{ id: a, component: api }',
      '3:27 workflow.jobs[0].component ERR_CONFIG_TEMPLATE in the component "api": ${jobs.a.output} reads what this job itself gives; in its "output" that is ${output}, elsewhere it is not there yet',
    ],
    [
      'a job reads itself',
      '{ id: a, component: logger, output: "${jobs.a.output}" }',
      '3:43 workflow.jobs[0].output ERR_CONFIG_TEMPLATE ${jobs.a.output} reads what this job itself gives; in its "output" that is ${output}, elsewhere it is not there yet',
    ],
    [
      'an on_error job depends on another',
      '{ id: a, component: logger, on_error: [{ id: x, component: logger, depends_on: [] }] }',
      '3:74 workflow.jobs[0].on_error[0].depends_on ERR_CONFIG_VALUE on_error jobs run in the order in which they are written; take depends_on out',
    ],
    [
      'an on_error job reads the one that failed',
      '{ id: a, component: logger, on_error: [{ id: x, component: logger, input: "${jobs.a.output}" }] }',
      '3:81 workflow.jobs[0].on_error[0].input ERR_CONFIG_TEMPLATE "a" is the job that failed; it has no output; read ${error…} instead of ${jobs.a.output}',
    ],
    [
      'an on_error job reads the on_error job that failed',
      '{ id: a, component: logger, on_error: [{ id: x, component: logger, on_error: [{ id: y, component: logger, input: "${jobs.x.output}" }] }] }',
      '3:120 workflow.jobs[0].on_error[0].on_error[0].input ERR_CONFIG_TEMPLATE "x" is the job that failed; it has no output; read ${error…} instead of ${jobs.x.output}',
    ],
    [
      'an on_error job reads one that runs later',
      '{ id: a, component: logger, on_error: [{ id: x, component: logger, input: "${jobs.y.output}" }, { id: y, component: logger }] }',
      '3:81 workflow.jobs[0].on_error[0].input ERR_CONFIG_TEMPLATE ${jobs.y.output} reads a job that runs later; on_error jobs run in the order in which they are written',
    ],
    [
      'an on_error job reads one that is not there',
      `${A}\n{ id: b, component: logger, on_error: [{ id: xx, component: logger }, { id: yy, component: off, input: "\${jobs.zzz.output}" }] }`,
      '4:110 workflow.jobs[1].on_error[1].input ERR_CONFIG_TEMPLATE ${jobs.zzz.output} reads a job that this workflow does not have; known here: xx, a.',
    ],
    [
      'two jobs depend on each other',
      '{ id: a, component: logger, depends_on: b }\n{ id: b, component: logger, depends_on: a }',
      '3:7 workflow.jobs[0] ERR_CONFIG_VALUE these jobs wait for each other: a → b → a; one of them must neither name the next in depends_on nor read it',
    ],
    [
      'a job reads the one below, which waits for the one above',
      `{ id: a, component: logger, input: "\${jobs.b.output}" }\n${B}`,
      '3:7 workflow.jobs[0] ERR_CONFIG_VALUE these jobs wait for each other: a → b → a; a job without depends_on waits for the one above it; change their order, or write depends_on',
    ],
    [
      'jobs wait for each other around several corners',
      `${A}\n{ id: b, component: logger, depends_on: d }\n{ id: c, component: logger, depends_on: [b] }\n{ id: d, component: logger, input: "\${jobs.c.output}", depends_on: [] }`,
      '4:7 workflow.jobs[1] ERR_CONFIG_VALUE these jobs wait for each other: b → d → c → b; one of them must neither name the next in depends_on nor read it',
    ],
    [
      'the on_error job of one reads another that waits for it',
      `{ id: a, component: logger, on_error: [{ id: x, component: logger, input: "\${jobs.b.output}" }] }\n${B}`,
      '3:7 workflow.jobs[0] ERR_CONFIG_VALUE these jobs wait for each other: a → b → a; a job without depends_on waits for the one above it; change their order, or write depends_on',
    ],
  ])('%s', (_, jobs, line) => {
    expect(linesOf(workflowOf(jobs) + COMPONENTS)).toEqual([line])
  })

  test('its output reads a job that is not there', () => {
    expect(linesOf('workflow: { output: "${jobs.b.output | 1}", jobs: [{ id: a, component: logger }] }')).toEqual([
      '1:21 workflow.output ERR_CONFIG_TEMPLATE ${jobs.b.output} reads a job that this workflow does not have; known here: a.',
    ])
  })

  test.each([
    ['calls a component with a default', '{ id: a, component: off }'],
    ['is read by its component, with a default', '{ id: x, component: off }'],
    [
      'failed and is read by the component of its on_error job, with a default',
      '{ id: x, component: logger, on_error: [{ id: y, component: off }] }',
    ],
  ])('not when a job %s', (_, jobs) => {
    expect(linesOf(workflowOf(jobs) + COMPONENTS)).toEqual([])
  })

  test('there are many things wrong, all of them', () => {
    const jobs = `{ id: a, component: logger, depends_on: [b], input: "\${jobs.zzzz.output} \${jobs.yyyy.output}" }
      { id: b, component: logger, input: "\${jobs.a.output} \${jobs.zzzz.output", depends_on: a }
      { id: c, component: logger, depends_on: [d] }
      { id: d, component: none, depends_on: [c, zzzz] }`
    const lines = linesOf(`listener: { port: x }\n${workflowOf(jobs)}components: {}`)
    expect(lines.map((line) => line.split(' ').slice(1, 3).join(' '))).toEqual([
      'listener.port ERR_CONFIG_VALUE',
      'workflow.jobs[0] ERR_CONFIG_VALUE',
      'workflow.jobs[0].input ERR_CONFIG_TEMPLATE',
      'workflow.jobs[0].input ERR_CONFIG_TEMPLATE',
      'workflow.jobs[1].input ERR_CONFIG_TEMPLATE',
      'workflow.jobs[2] ERR_CONFIG_VALUE',
      'workflow.jobs[3].component ERR_COMPONENT_UNKNOWN',
      'workflow.jobs[3].depends_on ERR_CONFIG_VALUE',
    ])
  })
})
