import { expect, test } from '@jest/globals'
import { parseConfig } from '../../lib'
import { useHosts } from '../helpers/use-hosts'

const hosts = useHosts()

function warningsOf(listener: string, component: string, job = 'id: ask'): readonly string[] {
  const { log } = hosts.start(
    parseConfig(`
listener: { public_url: "https://hooks.example", callbacks: [${listener}] }
component: { base_url: "https://api.example", path: /tasks, ${component} }
workflow: { jobs: [{ ${job} }] }
`),
  )
  return log.flatMap(
    ({ message }) => /anybody who knows the public URL can send callbacks to (.*), in anyone/.exec(message)?.[1] ?? [],
  )
}

const DONE = '{ path: /done }'
const TICKET = 'body: { callback: "${callback.url}" }'

test.each<[string, string, string, string?]>([
  ['by the URL in a request', DONE, TICKET],
  [
    'by the URL in a text',
    DONE,
    'body: { text: "Decide: ${callback.url}" }, completion: { path: /done, wait_for: "${callback.id}" }',
  ],
  [
    'by the id in a header',
    '{ path: /done, result: "${body.result}" }',
    'headers: { x-id: "${callback.id}" }, body: {}, completion: { path: /done/ }',
  ],
  [
    'by the id in a query',
    DONE,
    'params: { url: "${callback.url}" }, completion: { wait_for: { all: [{ path: /done }, { path: /done, id: "${callback.id}" }] } }',
  ],
])('no warning of endpoints that take tickets alone: %s', (_, listener, component, ...[job]) => {
  expect(warningsOf(listener, component, job)).toEqual([])
})

test.each<[string, string, string, string?]>([
  ['ids that can be guessed count, too', '{ path: /done, identify_by: "${body.id}" }', TICKET],
  ['it starts a workflow', '{ path: /done, identify_by: "${body.id}", workflow: __workflow__ }', TICKET],
  ['a component waits for whatever comes', DONE, 'body: {}, completion: { path: /done }'],
  ['a component names no path', DONE, 'body: {}, completion: { wait_for: "${response.id}" }'],
  ['a component writes its URL', DONE, 'body: { url: "https://hooks.example/done" }'],
  ['a component names its path by a template', DONE, 'body: {}, completion: { path: "${input.path}" }'],
  ['nothing in the config waits on it', DONE, 'body: {}'],
  ['a job waits on it', DONE, TICKET, 'id: hear, wait_for: { id: "${input.id}", path: /done } }, { id: ask'],
  ['a job waits on any endpoint', DONE, TICKET, 'id: hear, wait_for: "${input.id}" }, { id: ask'],
])('a warning all the same: %s', (_, listener, component, ...[job]) => {
  expect(warningsOf(listener, component, job)).toEqual(['POST /done'])
})

test('others beside it are warned of', () => {
  const component = `${TICKET}, completion: { path: /done }`
  expect(warningsOf(`${DONE}, { path: /other, identify_by: "\${body.id}" }`, component)).toEqual(['POST /other'])
})
