import { describe, expect, test } from '@jest/globals'
import { compileConfig } from '../../lib/config/normalize'
import type { CallbacksConfig } from '../../lib/config/schema'
import { refusal } from '../template/render'
import { problemsOf } from './problems'

function warningsOf(config: CallbacksConfig): readonly string[] {
  return compileConfig(config, { env: {} }).warnings.map(({ at, message }) => `${at}: ${message}`)
}

function listenerWith(keys: object): CallbacksConfig {
  return { listener: { path: '/done', ...keys } }
}

function clientWith(keys: object): CallbacksConfig {
  return {
    component: { id: 'api', type: 'http-client', base_url: 'http://127.0.0.1:9', path: '/x', ...keys },
    workflow: { jobs: [{ id: 'ask', component: 'api' }] },
  }
}

describe('a mark of another template language is a warning that says what to write', () => {
  test.each<[string, CallbacksConfig, readonly string[]]>([
    [
      'identify_by',
      listenerWith({ identify_by: '{{ body.id }}' }),
      ['listener.identify_by: "{{ body.id }}" is plain text here; did you mean "${body.id}"?'],
    ],
    [
      'status',
      listenerWith({ status: '{body.status}', success_when: 'ok' }),
      ['listener.status: "{body.status}" is plain text here; did you mean "${body.status}"?'],
    ],
    [
      'dedupe_by',
      listenerWith({ dedupe_by: '{{header.webhook-id}}' }),
      ['listener.dedupe_by: "{{header.webhook-id}}" is plain text here; did you mean "${header.webhook-id}"?'],
    ],
    [
      'result',
      listenerWith({ result: { url: ['see {{ body.urls[0] }}'] } }),
      ['listener.result: "{{ body.urls[0] }}" is plain text here; a template is written "${body.urls[0]}"'],
    ],
    [
      'the answer',
      listenerWith({ response: { body: { id: '{body.id}' } } }),
      ['listener.response.body: "{body.id}" is plain text here; a template is written "${body.id}"'],
    ],
    [
      'a request',
      clientWith({ body: { prompt: 'Paint {input.prompt}!' } }),
      ['component.body: "{input.prompt}" is plain text here; a template is written "${input.prompt}"'],
    ],
    [
      'the path of a request',
      clientWith({ path: '/x/{id}' }),
      ['component.path: "{id}" is plain text here; a template is written "${input.id}"'],
    ],
    [
      'the path of a request, as in routes',
      clientWith({ path: '/tasks/:task/events' }),
      ['component.path: ":task" is plain text here; a template is written "${input.task}"'],
    ],
    [
      'the path of a request, of another language',
      clientWith({ path: '/x/{{ input.id }}' }),
      ['component.path: "{{ input.id }}" is plain text here; a template is written "${input.id}"'],
    ],
    [
      'a job',
      {
        component: { id: 'say', type: 'logger' },
        workflow: { jobs: [{ id: 'a', component: 'say', input: { text: 'Hello {{ input.name }}' } }] },
      },
      ['workflow.jobs[0].input: "{{ input.name }}" is plain text here; a template is written "${input.name}"'],
    ],
  ])('%s', (_name, config, warnings) => {
    expect(warningsOf(config)).toEqual(warnings)
  })
})

test.each<[string, CallbacksConfig]>([
  ['a name that nothing has here', listenerWith({ result: 'Dear {{ user.name }}, {reader.name}' })],
  ['braces that are meant', listenerWith({ result: '{"id": 1, "body": {}} {body} {}' })],
  ['a literal placeholder', listenerWith({ result: '$${body.id}' })],
  ['a template', listenerWith({ result: '${body.id | {}} {x${body.id}}' })],
  ['a method of a URL', clientWith({ path: '/v1/models:predict' })],
  ['a port', clientWith({ base_url: 'http://127.0.0.1:9/x' })],
  ['an optional parameter', { listener: { path: '/done{/:id}' } }],
  ['a plural', { listener: { path: '/callback{s}' } }],
])('no warning: %s', (_name, config) => {
  expect(warningsOf(config)).toEqual([])
})

describe('a parameter of a path', () => {
  test.each([
    ['/x/{id}', '"{id}" is the text "id" here, which may be left out; a parameter is written ":id"'],
    [
      '/x/{task_id}.json',
      '"{task_id}" is the text "task_id" here, which may be left out; a parameter is written ":task_id"',
    ],
    ['/x/<id>/y', '"<id>" is plain text here; a parameter is written ":id"'],
    ['/x/<int:id>', '"<int:id>" is plain text here; a parameter is written ":id"'],
  ])('%s is a warning', (path, message) => {
    expect(warningsOf({ listener: { path } })).toEqual([`listener.path: ${message}`])
    expect(warningsOf({ listener: { base_path: path, callbacks: [{ path: '/done' }] } })).toEqual([
      `listener.base_path: ${message}`,
    ])
  })

  test.each([
    ['/x/{{id}}', '"{{id}}" cannot stand in a path; a parameter is written ":id"'],
    ['/x/{{ params.id }}/y', '"{{ params.id }}" cannot stand in a path; a parameter is written ":id"'],
    ['/x/${params.id}', '; a parameter of a path is written "/:id"'],
    ['/x/${id}/y', '; a parameter of a path is written "/:id"'],
    ['/x/${{ body.id }}', '; write "${body.id}"'],
  ])('%s is an error', (path, message) => {
    expect(problemsOf(() => compileConfig({ listener: { path } }, { env: {} }))).toMatchObject([
      { at: 'listener.path', message: expect.stringContaining(message) },
    ])
  })
})

test.each([
  ['${{ body.id }}', '; write "${body.id}" (column 3'],
  ['a ${{body.id | 5}} b', '; write "${body.id | 5}" (column 5'],
  ['${{ secrets.TOKEN }', 'a template has one pair of braces: ${…} (column 3'],
  ['${{}}', 'a template has one pair of braces: ${…} (column 3'],
])('%s is refused, with what to write', (template, message) => {
  expect(refusal(template)).toContain(message)
})
