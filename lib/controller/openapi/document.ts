import { ANSWER_STATUS, type AnswerCode } from '../../base/errors'
import type { Route } from '../routes'
import type { RouteDoc } from './route-doc'
import { type Schema, SCHEMAS } from './schemas'

/** Refusals of a request whose body is read. */
const BODY_ERRORS: readonly AnswerCode[] = [
  'ERR_REQUEST',
  'ERR_BODY_MALFORMED',
  'ERR_BODY_DEPTH',
  'ERR_BODY_ABORTED',
  'ERR_BODY_TIMEOUT',
  'ERR_BODY_TOO_LARGE',
  'ERR_BODY_ENCODING',
  'ERR_BODY_TYPE',
  'ERR_BODY_CONSUMED',
]

/**
 * Returns the OpenAPI 3.1 document of routes. Its server is relative, so that it holds below every mount path. Parts of the
 * page are left out.
 */
export function describeRoutes(routes: readonly Route[], hasAuth: boolean): object {
  const paths: Record<string, Record<string, object>> = {}
  for (const route of routes) {
    if (route.doc === undefined) continue
    const operations = (paths[route.path === '' ? '/' : route.path] ??= {})
    operations[route.method.toLowerCase()] = describeRoute(route, route.doc, hasAuth)
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'The controller of express-callbacks',
      version: '1',
      description: 'Callbacks that came, waits, tasks and gateways. Times are ISO 8601; what does not apply is null.',
    },
    servers: [{ url: '.' }],
    ...(hasAuth && { security: [{ bearer: [] }] }),
    paths,
    components: {
      schemas: SCHEMAS,
      ...(hasAuth && { securitySchemes: { bearer: { type: 'http', scheme: 'bearer' } } }),
    },
  }
}

function describeRoute({ method, path, isOpen = false, isAction = false }: Route, doc: RouteDoc, hasAuth: boolean) {
  const { summary, query = {}, body, answers, errors = [] } = doc
  const codes: readonly AnswerCode[] = [
    ...errors,
    ...(body ? BODY_ERRORS : []),
    ...(hasAuth && !isOpen ? (['ERR_UNAUTHORIZED'] as const) : []),
    ...(isAction ? (['ERR_FORBIDDEN'] as const) : []),
    'ERR_HOST',
    'ERR_INTERNAL',
  ]
  return {
    operationId: nameOperation(method, path),
    summary,
    ...(hasAuth && isOpen && { security: [] }),
    parameters: [
      ...(path.includes('{id}') ? [{ name: 'id', in: 'path', required: true, schema: { type: 'string' } }] : []),
      ...Object.entries(query).map(([name, schema]) => ({ name, in: 'query', schema })),
    ],
    ...(body && { requestBody: { content: { 'application/json': { schema: refer(body) } } } }),
    responses: { ...describeErrors(codes), ...describeAnswers(answers, codes) },
  }
}

/** Such as `getTasksId` and `postTasksIdCancel`. */
function nameOperation(method: string, path: string): string {
  const words = path.match(/\w+/g) ?? ['page']
  return method.toLowerCase() + words.map((word) => word.slice(0, 1).toUpperCase() + word.slice(1)).join('')
}

function describeErrors(codes: readonly AnswerCode[]): Record<number, object> {
  const statuses = [...new Set(codes.map((code) => ANSWER_STATUS[code]))]
  return Object.fromEntries(
    statuses.map((status) => [status, inJson(listCodes(codes, status), refer('Error'))] as const),
  )
}

/** An answer whose status is that of errors, too, is one or the other. */
function describeAnswers(answers: RouteDoc['answers'], codes: readonly AnswerCode[]): Record<number, object> {
  return Object.fromEntries(
    Object.entries(answers).map(([status, name]) => {
      if (name.startsWith('text/'))
        return [status, { description: 'OK', content: { [name]: { schema: { type: 'string' } } } }]
      const named = listCodes(codes, Number(status))
      if (named === '') return [status, inJson('OK', refer(name))]
      return [status, inJson(`${name}; or ${named}`, { anyOf: [refer(name), refer('Error')] })]
    }),
  )
}

function listCodes(codes: readonly AnswerCode[], status: number): string {
  return [...new Set(codes.filter((code) => ANSWER_STATUS[code] === status))].join(', ')
}

const refer = (name: string): Schema => ({ $ref: `#/components/schemas/${name}` })

function inJson(description: string, schema: Schema): object {
  return { description, content: { 'application/json': { schema } } }
}
