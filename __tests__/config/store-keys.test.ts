import { describe, expect, test } from '@jest/globals'
import { compileYaml } from './problems'

/** The warnings of YAML text, each with its place. */
function warningsOf(text: string): readonly string[] {
  return compileYaml(text).warnings.map(({ at, message }) => `${at} ${message}`)
}

describe('a key that the type of the store does not read is a warning', () => {
  test.each([
    ['memory', 'path: /var/lib/x', 'path'],
    ['memory', 'sync: interval', 'sync'],
    ['memory', 'url: "redis://localhost"', 'url'],
    ['memory', 'prefix: mine', 'prefix'],
    ['file', 'path: /var/lib/x, url: "redis://localhost"', 'url'],
    ['file', 'path: /var/lib/x, prefix: mine', 'prefix'],
    ['redis', 'url: "redis://localhost", path: /var/lib/x', 'path'],
    ['postgres', 'url: "postgres://localhost/x", sync: always', 'sync'],
  ])('%s with %s', (type, keys, key) => {
    const expected = `store.${key} "${key}" has no effect: a store of type "${type}" does not read it`
    expect(warningsOf(`store: {type: ${type}, ${keys}}`)).toEqual([expected])
  })
})

test.each([
  'store: memory',
  'store: {keep: 1d}',
  'store: {type: file, path: x, sync: interval}',
  'store: {type: redis, url: "redis://localhost", prefix: mine}',
  'store: {type: postgres, url: "postgres://localhost/x", prefix: mine}',
])('%s is without warning', (text) => {
  expect(warningsOf(text)).toEqual([])
})
