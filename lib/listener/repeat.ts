import type { IncomingHttpHeaders } from 'node:http'
import { CallbackError, reasonOf } from '../base/errors'
import { parseContent } from '../body/content'
import type { RequestHead } from '../body/request'
import type { Course, KeptRequest } from '../deliveries/course'
import type { ReadValue } from '../deliveries/delivery'
import type { Template } from '../template/compile'
import { toAnswerCode } from './answer'
import type { Endpoint } from './endpoint'
import { compileReceiveAll, type ReceiveContext } from './receive'
import { requestEvent, RequestScope } from './request-scope'
/** Serves kept requests of one endpoint again. */
export interface Repeat {
  /** Parses, identifies, judges and delivers a kept request, and notes in `course` what becomes of it; never rejects. */
  replay(kept: Course, course: Course): Promise<void>
  /** Returns what each template of the endpoint reads from a kept request. */
  explain(kept: KeptRequest): Promise<readonly ReadValue[]>
}

/** Compiles the work on kept requests. Their senders were verified when they came; only items prove themselves again. */
export function compileRepeat(endpoint: Endpoint, context: ReceiveContext): Repeat {
  const { spec, key: name } = endpoint
  const { emitter, env, slots, verify } = context
  const receiveAll = compileReceiveAll(endpoint, context)

  async function toScope(kept: KeptRequest, course: Course | undefined): Promise<RequestScope> {
    const head = headOf(kept)
    const { body: bytes = Buffer.alloc(0), params = {} } = kept
    const body = await parseContent(bytes, head.headers['content-type'], { isSigned: verify !== undefined })
    return new RequestScope(head, body, params, env, course)
  }

  return {
    async replay(kept, course) {
      Object.assign(course, { params: kept.params, body: kept.body, bodyBytes: kept.bodyBytes, isVerified: true })
      try {
        if (context.isClosing()) throw new CallbackError('ERR_CLOSED', { message: 'The callbacks are being closed' })
        const scope = await toScope(kept, course)
        emitter.record('received', name, () => requestEvent(name, scope))
        await slots.run(() => receiveAll(scope))
      } catch (error) {
        course.refuse(toAnswerCode(error), reasonOf(error))
      }
    },
    async explain(kept) {
      const scope = await toScope(kept, undefined)
      if (spec.item) scope.item = spec.item.render(scope)
      if (spec.bulk && Array.isArray(scope.item ?? scope.body)) scope.item = firstOf(scope.item ?? scope.body)
      const templates: readonly (readonly [string, Template | undefined])[] = [
        ['item', spec.item],
        ['identify_by', spec.identifyBy],
        ['status', spec.status],
        ['result', spec.result],
        ['error', spec.error],
        ['dedupe_by', spec.dedupeBy],
      ]
      return templates.flatMap(([key, template]) => (template === undefined ? [] : [read(key, template, scope)]))
    },
  }
}

function read(key: string, template: Template, scope: RequestScope): ReadValue {
  const source = typeof template.source === 'string' ? template.source : JSON.stringify(template.source)
  try {
    return { key, source, value: template.render(scope) ?? null }
  } catch (error) {
    return { key, source, error: reasonOf(error) }
  }
}

function firstOf(items: unknown): unknown {
  return Array.isArray(items) ? items[0] : items
}

/** Of these Node takes the first when a request repeats them; it joins the others. */
const FIRST_WINS: ReadonlySet<string> = new Set([
  'content-type',
  'content-length',
  'host',
  'authorization',
  'user-agent',
])

function headOf({ method, target, rawHeaders }: KeptRequest): RequestHead {
  const headers: IncomingHttpHeaders = {}
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    const [name = '', value = ''] = [rawHeaders[index]?.toLowerCase(), rawHeaders[index + 1]]
    const before = Object.hasOwn(headers, name) ? headers[name] : undefined
    if (before === undefined) Object.defineProperty(headers, name, { value, enumerable: true, writable: true })
    else if (!FIRST_WINS.has(name)) headers[name] = `${String(before)}, ${value}`
  }
  return { method, url: target, headers }
}
