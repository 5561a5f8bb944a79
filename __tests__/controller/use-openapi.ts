import { expect } from '@jest/globals'
import Ajv, { type ValidateFunction } from 'ajv/dist/2020'
import addFormats from 'ajv-formats'

/** An OpenAPI document, as far as the tests read it. */
export interface OpenApi {
  readonly openapi: string
  readonly servers: readonly { readonly url: string }[]
  readonly security?: readonly object[]
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>
  readonly components: { readonly schemas: Readonly<Record<string, object>>; readonly securitySchemes?: object }
}

interface Operation {
  readonly operationId: string
  readonly summary: string
  readonly security?: readonly object[]
  readonly parameters: readonly { readonly name: string; readonly in: string; readonly schema: object }[]
  readonly requestBody?: { readonly content: Content }
  readonly responses: Readonly<Record<string, { readonly description: string; readonly content: Content }>>
}

type Content = Readonly<Record<string, { readonly schema: object }>>

/** Checks requests and answers against a document. */
export interface Checker {
  /** Asserts that the document has this answer. */
  checkAnswer(line: string, status: number, type: string, body: unknown): void
  /** What is wrong with a body for a route; undefined when it is right. */
  findProblem(line: string, body: unknown): string | undefined
  /** `POST /waits/{id}/settle`, for a request to `/waits/a/settle`. */
  nameOf(line: string): string
}

/** Creates a checker that takes no key which a schema does not name. */
export function createChecker(document: OpenApi): Checker {
  const ajv = new Ajv({ strict: true, allowUnionTypes: true, allErrors: true })
  addFormats(ajv)
  ajv.addVocabulary(['components'])
  const { components } = close(document) as OpenApi
  ajv.addSchema({ $id: 'urn:test:document', components })

  function compile(schema: object): ValidateFunction {
    const text = JSON.stringify(close(schema)).replaceAll('"#/components', '"urn:test:document#/components')
    return ajv.compile(JSON.parse(text))
  }

  function nameOf(line: string): string {
    const [method = '', target = ''] = line.split(' ')
    const path = target.replace(/\?.*/, '')
    const known = Object.keys(document.paths)
    const found = known.find((one) => one === path) ?? known.find((one) => toPattern(one).test(path))
    return `${method} ${found ?? path}`
  }

  function find(line: string): Operation {
    const [method = '', path = ''] = nameOf(line).split(' ')
    const operation = document.paths[path]?.[method.toLowerCase()]
    if (operation === undefined) throw new Error(`The document has no ${line}`)
    return operation
  }

  return {
    nameOf,
    checkAnswer(line, status, type, body) {
      const answer = find(line).responses[status]
      expect([line, status, answer?.description]).toEqual([line, status, expect.any(String)])
      const [media = ''] = type.split(';')
      const schema = answer?.content[media]?.schema
      expect([line, status, media, schema]).toEqual([line, status, media, expect.any(Object)])
      const validate = compile(schema ?? {})
      validate(body)
      expect([line, status, body, validate.errors]).toEqual([line, status, body, null])
    },
    findProblem(line, body) {
      const validate = compile(find(line).requestBody?.content['application/json']?.schema ?? {})
      return validate(body) ? undefined : ajv.errorsText(validate.errors)
    },
  }
}

function toPattern(path: string): RegExp {
  return new RegExp(`^${path.replaceAll('.', String.raw`\.`).replace('{id}', '[^/]+')}$`)
}

/** Objects take no other keys than those that are named. */
function close(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(close)
  if (typeof schema !== 'object' || schema === null) return schema
  const closed = Object.fromEntries(Object.entries(schema).map(([key, value]) => [key, close(value)]))
  return 'properties' in schema && 'required' in schema ? { ...closed, additionalProperties: false } : closed
}
