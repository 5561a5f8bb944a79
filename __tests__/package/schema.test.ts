import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from '@jest/globals'
import { ROOT } from './packed'

type Json = Readonly<Record<string, unknown>>

const TYPES = new Set(['string', 'number', 'integer', 'boolean', 'null', 'object', 'array'])

const TOP_LEVEL = [
  'component',
  'components',
  'controller',
  'deliveries',
  'gateway',
  'gateways',
  'listener',
  'listeners',
  'store',
  'workflow',
  'workflows',
]

let schema: Json

beforeAll(() => {
  schema = asObject(JSON.parse(readFileSync(join(ROOT, 'dist', 'schema.json'), 'utf8')))
})

describe('dist/schema.json', () => {
  test('is a draft-07 schema with an address of its own', () => {
    expect(schema).toMatchObject({
      $schema: 'http://json-schema.org/draft-07/schema#',
      $id: 'urn:express-callbacks:schema',
      type: 'object',
    })
  })

  test('knows every top-level key, requires none and allows no other', () => {
    expect(Object.keys(asObject(schema['properties'])).sort()).toEqual(TOP_LEVEL)
    expect(schema['required'] ?? []).toEqual([])
    expect(schema['additionalProperties']).toBe(false)
  })

  test('uses types that exist, patterns that compile, and references that lead somewhere', () => {
    const wrong: string[] = []
    let seen = 0
    visit(schema, '#', (node, at) => {
      seen += 1
      const { type, pattern, $ref, required, properties, enum: values } = node
      for (const name of [type ?? []].flat()) if (!TYPES.has(String(name))) wrong.push(`${at}: type ${String(name)}`)
      if (typeof pattern === 'string' && !compiles(pattern)) wrong.push(`${at}: pattern ${pattern}`)
      if (typeof $ref === 'string' && resolve($ref) === undefined) wrong.push(`${at}: $ref ${$ref}`)
      for (const key of [required ?? []].flat()) {
        if (!Object.hasOwn(asObject(properties), String(key))) wrong.push(`${at}: required ${String(key)}`)
      }
      if (values !== undefined && !(Array.isArray(values) && values.length > 0)) wrong.push(`${at}: empty enum`)
    })

    expect(wrong).toEqual([])
    expect(seen).toBeGreaterThan(100)
  })

  test('describes every key of a callback, for editors to show', () => {
    const { callbacks } = asObject(asObject(asObject(asObject(schema['properties'])['listener'])['properties']))
    const list = asObject(callbacks)
    const shape = [list, ...asList(list['anyOf'])].map((choice) => asObject(asObject(choice)['items']))
    const properties = asObject(shape.find((choice) => 'properties' in choice)?.['properties'])

    expect(Object.keys(properties)).toEqual(expect.arrayContaining(['path', 'identify_by', 'success_when', 'result']))
    const silent = Object.entries(properties).filter(([, value]) => typeof asObject(value)['description'] !== 'string')
    expect(silent.map(([key]) => key)).toEqual([])
  })
})

/** Goes through every subschema. */
function visit(node: Json, at: string, look: (node: Json, at: string) => void): void {
  look(node, at)
  for (const key of ['properties', 'patternProperties', '$defs', 'definitions']) {
    for (const [name, child] of Object.entries(asObject(node[key])))
      visit(asObject(child), `${at}/${key}/${name}`, look)
  }
  for (const key of ['anyOf', 'allOf', 'oneOf', 'items']) {
    for (const [index, child] of asList(node[key]).entries()) visit(asObject(child), `${at}/${key}/${index}`, look)
  }
  for (const key of ['items', 'additionalProperties', 'not']) {
    const child = node[key]
    if (typeof child === 'object' && !Array.isArray(child)) visit(asObject(child), `${at}/${key}`, look)
  }
}

function resolve(reference: string): unknown {
  if (!reference.startsWith('#')) return undefined
  const steps = reference.split('/').slice(1)
  return steps.reduce<unknown>((node, step) => asObject(node)[step], schema)
}

function compiles(pattern: string): boolean {
  try {
    return new RegExp(pattern, 'u') instanceof RegExp
  } catch {
    return false
  }
}

function asObject(value: unknown): Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : {}
}

function asList(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : []
}
