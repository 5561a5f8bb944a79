import type { Template } from '../../template/compile'
import { isMapping } from '../../base/values/plain'
import { type Leaf, SCALAR } from './values'

// The templates of a config, and what each may read by the place where it stands.

/** Fields of callbacks and triggers. */
export const LISTENER_SOURCES: ReadonlySet<string> = new Set([
  'body',
  'query',
  'header',
  'params',
  'method',
  'path',
  'item',
  'index',
  'env',
])

/** The text that a sender signs. */
export const SIGNED_SOURCES: ReadonlySet<string> = new Set([
  'timestamp',
  'id',
  'raw',
  'sha256',
  'url',
  'method',
  'header',
  'body',
  'item',
  'env',
])

/** Jobs and workflows. */
export const JOB_SOURCES: ReadonlySet<string> = new Set([
  'input',
  'env',
  'context',
  'gateway',
  'jobs',
  'output',
  'error',
])

/** Whether a callback ends a wait: what came, beside what a job reads. */
export const CALLBACK_SOURCES: ReadonlySet<string> = new Set([
  ...JOB_SOURCES,
  'result',
  'body',
  'status',
  'header',
  'id',
])

/** The output of a job, which may say which branch of a wait has ended it. */
export const JOB_OUTPUT_SOURCES: ReadonlySet<string> = new Set([...JOB_SOURCES, 'branch'])

/** The request of a component, and the endpoint that it waits on: nothing is answered yet. */
export const REQUEST_SOURCES: ReadonlySet<string> = new Set([...JOB_SOURCES, 'callback'])

/** The same for the callback of a component. */
export const OWN_CALLBACK_SOURCES: ReadonlySet<string> = new Set([...CALLBACK_SOURCES, 'callback'])

/** The immediate answer: its body, its headers and its status. */
export const ANSWER_SOURCES: ReadonlySet<string> = new Set(['response', 'header', 'status_code'])

/** What a component reads of the immediate answer: ids, whether it is final, and whom polling asks. */
export const ANSWERED_SOURCES: ReadonlySet<string> = new Set([...REQUEST_SOURCES, ...ANSWER_SOURCES])

/** The output of a component, and how the answers to polling are judged. */
export const RESULT_SOURCES: ReadonlySet<string> = new Set([...ANSWERED_SOURCES, 'result'])

/** The output of a component, which may say which branch of a wait has ended it. */
export const OUTPUT_SOURCES: ReadonlySet<string> = new Set([...RESULT_SOURCES, 'branch'])

/** Says why a source that workflows know has no value in this place; undefined for a name that is just unknown. */
export function explainAbsence(source: string, sources: ReadonlySet<string>): string | undefined {
  if (!sources.has('jobs') || sources.has(source)) return undefined
  if (source === 'branch') return 'it is read in "output", where wait_for has "any"'
  if (!RESULT_SOURCES.has(source)) return undefined
  if (!sources.has('callback')) return 'a component reads it; a job reads what its component gave as ${output}'
  if (source === 'result')
    return 'there is no result yet; it is read in "output", and in "status" and "result" of polling'
  return 'nothing is answered yet when this is rendered; it is read in "output", "done_when", "wait_for" and by polling'
}

/** The shape of a template. */
export interface TemplateShape<In = unknown> extends Leaf<In, Template> {
  readonly form: 'template'
  readonly isUntyped: true
  /** What may be read there. */
  readonly sources: ReadonlySet<string>
  /** Whether the text makes the URL of a request, of which no part may be missing. */
  readonly isUrl?: true
  /** Whether a value has the type of one. */
  readonly accepts: (value: unknown) => boolean
}

type Scalar = string | number | boolean

const ANY = {
  form: 'template',
  isUntyped: true,
  expected: 'a template',
  json: { examples: ['${body.id}'] },
  takes: [],
  accepts: () => true,
} as const

/** Creates the shape of a template of any structure. */
export function anyTemplate(sources: ReadonlySet<string>): TemplateShape {
  return { ...ANY, sources }
}

/** Creates the shape of a template that makes one text or several, such as ids. */
export function textsTemplate(sources: ReadonlySet<string>): TemplateShape {
  return { ...ANY, sources, isTextual: true }
}

/** Creates the shape of a template that is written as one text. */
export function textTemplate(sources: ReadonlySet<string>): TemplateShape<Scalar> {
  const { expected, takes } = SCALAR
  const json = { ...SCALAR.json, ...ANY.json }
  const accepts = (value: unknown): boolean => takes.some((type) => typeof value === type)
  return { ...ANY, sources, expected, takes, json, accepts, isTextual: true }
}

/** Creates the shape of a template that makes the URL of a request, or its path. */
export function urlTemplate(sources: ReadonlySet<string>): TemplateShape<Scalar> {
  return { ...textTemplate(sources), isUrl: true }
}

/** Creates the shape of a template that makes a mapping: a mapping of templates, or one text. */
export function mappingTemplate(
  sources: ReadonlySet<string>,
): TemplateShape<Readonly<Record<string, unknown>> | string> {
  const mapping = { type: 'object', propertyNames: { type: 'string' }, additionalProperties: {} }
  return {
    ...ANY,
    sources,
    expected: 'a mapping or a template',
    takes: ['string'],
    json: { anyOf: [mapping, { type: 'string' }] },
    accepts: (value) => typeof value === 'string' || isMapping(value),
    isTextual: true,
  }
}
