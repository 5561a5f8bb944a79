import * as v from 'valibot'
import {
  AMOUNT,
  ANY_TEXT,
  COUNT,
  DURATION,
  DURATION_TEXT,
  FLAG,
  type Kind,
  LISTENER_PORT,
  PORT,
  CALLED_URL,
  RATE,
  RATE_TEXT,
  SCALAR,
  SIZE,
  SIZE_TEXT,
  STATUS,
  TEXT,
  WHOLE_TEXT,
} from '../field/values'

// The small schemas that the sections are made of. Every message of them completes "expected …".

/** Text that becomes a typed value when the environment is read into it. */
export type EnvText = `${string}\${env.${string}`

/** Marks the fields that hold a template or raw text; in all others only `${env.…}` may stand. */
const untyped = <T>() => v.metadata<T, { readonly holds: 'template' }>({ holds: 'template' })

/** Marks the fields in which a number or boolean of a YAML file is the text that stands there. */
const textual = <T>() => v.metadata<T, { readonly scalars: 'text' }>({ scalars: 'text' })

/** Whether scalars of a YAML file are texts at the place of this schema, and below it. */
export function meansText(schema: v.GenericSchema): boolean {
  return v.getMetadata(schema)['scalars'] === 'text'
}

/** Whether a schema is one of a template or of raw text. */
export function isUntyped(schema: v.GenericSchema): boolean {
  return v.getMetadata(schema)['holds'] === 'template'
}

const envText = v.custom<EnvText>((value) => typeof value === 'string' && value.includes('${'))

/** A schema by what a user writes for it. Named in full, its type would grow with every level that it is used on. */
export type Shape<T> = v.GenericSchema<T>

/** An optional key with the sentence that an editor shows for it. */
export function field<T>(schema: Shape<T>, description: string): v.OptionalSchema<Shape<T>, undefined> {
  return v.optional(v.pipe(schema, v.description(description)))
}

/** A required key with the sentence that an editor shows for it. */
export function required<T>(schema: Shape<T>, description: string): Shape<T> {
  return v.pipe(schema, v.description(description))
}

/** A list; `expected` says in a message what was wanted. */
export function listOf<T>(item: Shape<T>, expected = 'a list'): Shape<readonly T[]> {
  return v.array(item, expected)
}

/** A number that may also be written as text of this pattern. */
function measure<T>(kind: Kind<T>, pattern: RegExp): Shape<number | string> {
  const { expected } = kind
  const text = v.pipe(v.string(), v.regex(orPlaceholder(pattern), expected))
  return v.pipe(v.union([v.pipe(v.number(), v.minValue(0, expected)), text], expected), accepts(kind))
}

/** An editor sees the text before the environment is read into it. */
function orPlaceholder(pattern: RegExp): RegExp {
  return new RegExp(`${pattern.source}|\\$\\{`)
}

function accepts<TInput, T>(kind: Kind<T>) {
  return v.check<TInput, string>((value) => kind.read(value) !== undefined, kind.expected)
}

export const port = measure(PORT, WHOLE_TEXT)
export const listenerPort = measure(LISTENER_PORT, WHOLE_TEXT)
export const count = measure(COUNT, WHOLE_TEXT)
export const amount = measure(AMOUNT, WHOLE_TEXT)
export const duration = measure(DURATION, DURATION_TEXT)
export const size = measure(SIZE, SIZE_TEXT)
export const rate: Shape<string> = v.pipe(
  v.pipe(v.string(RATE.expected), v.regex(orPlaceholder(RATE_TEXT), RATE.expected)),
  accepts(RATE),
)
export const flag: Shape<boolean | 'true' | 'false' | EnvText> = v.pipe(
  v.union([v.boolean(), v.picklist(['true', 'false']), envText], FLAG.expected),
  accepts(FLAG),
)

export const text: Shape<string> = v.pipe(
  v.string(TEXT.expected),
  accepts({ ...TEXT, expected: 'text that is not blank' }),
)
export const anyText: Shape<string> = v.pipe(v.string(ANY_TEXT.expected), accepts(ANY_TEXT))
export const rawText: Shape<string> = v.pipe(v.string('text'), untyped())
export const publicUrl: Shape<string> = v.pipe(v.string(CALLED_URL.expected), accepts(CALLED_URL))

type Scalar = string | number | boolean

const scalar: Shape<Scalar> = v.pipe(v.union([v.string(), v.number(), v.boolean()], SCALAR.expected), textual())

/** One value or several, compared as text. */
export const scalars: Shape<Scalar | readonly Scalar[]> = v.union(
  [v.pipe(scalar, accepts(SCALAR)), listOf(v.pipe(scalar, accepts(SCALAR)))],
  'text, a number, true or false, or a list of them',
)

const status = measure(STATUS, WHOLE_TEXT)

/** One status of HTTP answers or several. */
export const statuses: Shape<number | string | readonly (number | string)[]> = v.union(
  [status, listOf(status)],
  `${STATUS.expected}, or a list of them`,
)

/** One text or several. */
export const texts: Shape<string | readonly string[]> = v.union([text, listOf(text)], 'text or a list of texts')

/** One of a few words, in exactly this spelling. */
export function oneOf<const T extends string>(words: readonly T[]): Shape<T | EnvText> {
  return v.union([v.picklist(words), envText], `one of ${words.join(', ')}`)
}

/** One of a few words in any case. */
export function anyCaseOf(words: readonly string[]): Shape<string> {
  const isKnown = (value: string): boolean => words.includes(value.trim().toUpperCase())
  const expected = `one of ${words.join(', ')}`
  return v.pipe(v.union([v.picklist(words), v.string()], expected), v.check(isKnown, expected))
}

/** A template of any shape. */
export const template: Shape<unknown> = v.pipe(v.unknown(), untyped(), v.examples(['${body.id}']))

/** A template that gives one text or several, such as ids. */
export const textsTemplate: Shape<unknown> = v.pipe(v.unknown(), untyped(), textual(), v.examples(['${body.id}']))

/** A template that is written as one text. */
export const textTemplate: Shape<Scalar> = v.pipe(scalar, untyped(), v.examples(['${body.id}']))

/** A template that gives a mapping: a mapping of templates, or one text. */
export const mappingTemplate: Shape<Readonly<Record<string, unknown>> | string> = v.pipe(
  v.union([v.record(v.string(), v.unknown()), v.string()], 'a mapping or a template'),
  untyped(),
  textual(),
)
