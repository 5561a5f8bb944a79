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
  const templates = listTemplates(spec)

  async function toScope(kept: KeptRequest, course: Course | undefined): Promise<RequestScope> {
    const head = headOf(kept)
    const { body: bytes, params = {} } = kept
    const options = { isSigned: verify !== undefined }
    const body = bytes === undefined ? undefined : await parseContent(bytes, head.headers['content-type'], options)
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
      const scope = await toScope(kept, undefined).catch(reasonOf)
      if (typeof scope === 'string')
        return templates.map(([key, template]) => ({ ...nameOf(key, template), error: scope }))
      const item = spec.item && read('item', spec.item, scope)
      scope.item = item?.value ?? undefined
      const items = scope.item ?? scope.body
      if (spec.bulk && Array.isArray(items)) scope.item = items[0]
      return templates.map(([key, template]) => (key === 'item' && item ? item : read(key, template, scope)))
    },
  }
}

function read(key: string, template: Template, scope: RequestScope): ReadValue {
  try {
    return { ...nameOf(key, template), value: template.render(scope) ?? null }
  } catch (error) {
    return { ...nameOf(key, template), error: reasonOf(error) }
  }
}

function nameOf(key: string, { source }: Template): { readonly key: string; readonly source: string } {
  return { key, source: typeof source === 'string' ? source : JSON.stringify(source) }
}

/** The templates that read a callback, in the order in which they do; the others read the item. */
function listTemplates(spec: Endpoint['spec']): readonly (readonly [string, Template])[] {
  const templates: readonly (readonly [string, Template | undefined])[] = [
    ['item', spec.item],
    ['when', spec.when],
    ['identify_by', spec.identifyBy],
    ['status', spec.status],
    ['result', spec.result],
    ['error', spec.error],
    ['dedupe_by', spec.dedupeBy],
  ]
  return templates.flatMap(([key, template]) => (template === undefined ? [] : [[key, template]]))
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
