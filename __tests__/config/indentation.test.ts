import { expect, test } from '@jest/globals'
import { callbacks, ConfigError, parseConfig } from '../../lib'

test.each([
  [
    'a key too far left, below a section',
    'listener:\npath: /done\n',
    'Unknown key "path". "listener" above it has no value: indent "path" further',
  ],
  [
    'the second of two such keys',
    'listener:\npath: /done\nidentify_by: ${body.id}\n',
    'Unknown key "identify_by". "listener" above it has no value',
  ],
  [
    'a key of a result',
    'listener:\n  path: /done\n  result:\n  url: ${body.url}\n',
    'Unknown key "url". "result" above it has no value: indent "url" further',
  ],
  [
    'a key of a body',
    'component:\n  path: https://api.example.com\n  body:\n  prompt: cat\n',
    'Unknown key "prompt". "body" above it has no value',
  ],
  ['a line too far right', 'listener:\n  path: /done\n   timeout: 5m\n', 'the line below is indented too far'],
  ['a line between two columns', 'listener:\n  path: /done\n timeout: 5m\n', 'the same number of spaces'],
  ['a key of a list item', 'workflow:\n  jobs:\n    - id: a\n    component: x\n', 'by two more where it belongs below'],
  ['a tab', 'listener:\n\tpath: /done\n', 'indent by spaces'],
  ['no colon', 'listener:\n  path /done\n  timeout: 5m\n', 'a key needs ": " behind it'],
  ['no colon at the top', 'listener\n  path: /done\n', 'a key needs ": " behind it'],
  ['a colon in a text', 'workflow:\n  title: Paint: cats\n', 'this text has a ": " and needs quotes'],
  [
    'a dash without its space',
    'workflow:\n  jobs:\n    -id: a\n      component: x\n',
    'a "-" lacks the space behind it',
  ],
  ['a text that begins with @', 'workflow:\n  title: @home\n', 'put the text in quotes'],
])('%s: the error says what to do', (_, yaml, message) => {
  expect(messageOf(() => callbacks(parseConfig(yaml)))).toContain(message)
})

test.each([
  [
    'a misspelt key behind a key without a value',
    'listener:\n  path: /done\n  result:\n  identfy_by: x\n',
    'Did you mean "identify_by"?',
  ],
  [
    'a key whose neighbour has a value',
    'listener:\n  path: /done\n  result: ${body}\n  secret: x\n',
    'It belongs in "listener.verify".',
  ],
])('%s is no matter of indentation', (_, yaml, message) => {
  expect(messageOf(() => callbacks(parseConfig(yaml)))).toContain(message)
})

test.each([
  [{ listener: [{ path: '/done' }] }, 'listener: expected a mapping, found a list; "listeners" takes several'],
  [{ gateway: [{ port: 1 }] }, 'gateway: expected a mapping, found a list; "gateways" takes several'],
  [{ workflow: [{ jobs: [] }] }, 'workflow: expected a mapping, found a list; "workflows" takes several'],
  [{ component: [] }, '"components" takes several'],
  [{ listeners: { path: '/done' } }, 'listeners: expected a list, found a mapping; "listener" takes one'],
  [{ gateways: { port: 1 } }, 'gateways: expected a list, found a mapping; "gateway" takes one'],
])('%j: the error names the section for the other number', (config, message) => {
  expect(messageOf(() => Reflect.apply(callbacks, undefined, [config]))).toContain(message)
})

function messageOf(run: () => unknown): string {
  try {
    run()
  } catch (error) {
    if (error instanceof ConfigError) return error.message
    throw error
  }
  return ''
}
