import { isMapping } from '../../base/values/plain'
import type { TemplateShape } from './template-sources'
import { SECRET, TEXT, type Value } from './values'
import type { Variant } from './variants'

// The notation of a config. Each key is one row of a table. All else is derived from the row: the type of what a user
// writes, the type of what is read, the reader, the default, the check of the shape, and the JSON Schema.

/** The types of a shape: what a user may write, and what is read of it. `never` is read by its section itself. */
export interface Typed<In, Out> {
  /** Only for the type checker. */
  readonly types?: { readonly in: In; readonly out: Out }
}

/** A list; a lone value is no list. */
export interface ListForm {
  readonly form: 'list'
  readonly expected: string
  readonly item: Shape
}

/** A mapping with known keys. */
export interface TableForm {
  readonly form: 'table'
  readonly expected: string
  readonly keys: Keys
  /** The rows by the key that a user writes. */
  readonly byKey: ReadonlyMap<string, Row>
  readonly refusals: Refusals
  /** Its forms, where some keys go only with others. */
  readonly variants: readonly Variant[]
}

/** A mapping of names to values of one shape. */
export interface NamedForm {
  readonly form: 'named'
  readonly expected: string
  readonly item: Shape
}

/** Several shapes, of which a value has one. */
export interface ChoiceForm {
  readonly form: 'choice'
  readonly expected: string
  readonly options: readonly Shape[]
  /** How it is read: as a list, or as the table of which the lone value is this key. */
  readonly readAs: ListForm | { readonly form: 'short'; readonly table: TableForm; readonly short: string } | undefined
}

/** A shape that contains itself, and its name in the JSON Schema. */
export interface LaterForm {
  readonly form: 'later'
  readonly name: string
  readonly get: () => Shape
}

type Form = Value | TemplateShape | ListForm | TableForm | NamedForm | ChoiceForm | LaterForm

/** What a place of a config may hold. */
export type Shape<In = unknown, Out = unknown> = Form & Typed<In, Out>

/** One key of a table. */
export interface Row<
  Key extends string = string,
  In = unknown,
  Out = unknown,
  Required extends boolean = boolean,
> extends Typed<In, Out> {
  /** As a user writes it. */
  readonly key: Key
  readonly shape: Shape<In>
  /** The sentence that an editor shows. */
  readonly description: string
  readonly isRequired: Required
  /** What counts where nothing is written, as a user would write it. */
  readonly default?: unknown
  /** Whether its section reads it itself. */
  readonly isByHand?: true
  /** Why the key has no effect here; undefined for a key that has one. */
  readonly ignored?: string
}

/** The rows of a table, by the name that the code has for each. */
export type Keys = Readonly<Record<string, Row>>

/** What a mapping may hold that cannot be taken over from another system. Each is refused in one line. */
export interface Refusals {
  /** Keys without effect that editors do not offer, each with the reason. */
  readonly ignored?: Readonly<Record<string, string>>
  /** Keys, each with the reason and what to do. */
  readonly keys?: Readonly<Record<string, string>>
  readonly type?: TypeRefusal
}

/** What the key `type` of a mapping may say, and what it says in other systems. */
export interface TypeRefusal {
  /** What the mapping describes, such as `component`. */
  readonly what: string
  readonly known: readonly string[]
  /** Types of other systems; a type that resembles none of `known` counts as one of them. */
  readonly foreign: readonly string[]
  readonly advice: string
  /** What is read in place of the refused mapping, beside its id, so that it has no other problem. */
  readonly standIn: Readonly<Record<string, string>>
}

/** What a user writes for a shape. */
export type InOf<S> = S extends Typed<infer In, unknown> ? In : never
type OutOf<S> = S extends Typed<unknown, infer Out> ? Out : never
type Flat<T> = { [K in keyof T]: T[K] }
type KeyOf<R> = R extends Row<infer Key> ? Key : never
type RequiredOf<K extends Keys> = { [N in keyof K]: K[N]['isRequired'] extends true ? N : never }[keyof K]
type OptionalOf<K extends Keys> = Exclude<keyof K, RequiredOf<K>>
type ReadOf<K extends Keys> = { [N in keyof K]: [OutOf<K[N]>] extends [never] ? never : N }[keyof K]
// Each name stays linked to its row, so that an editor finds the one from the other.
type Outs<K extends Keys, N extends keyof K> = { readonly [P in N]: OutOf<K[P]> }
type Maybe<Out> = [Out] extends [never] ? never : Out | undefined
type ListOut<Out> = [Out] extends [never] ? never : readonly Exclude<Out, undefined>[]

/** What a user writes for a table. */
export type InputOf<K extends Keys> = Flat<
  { [N in OptionalOf<K> as KeyOf<K[N]>]?: InOf<K[N]> | undefined } & { [N in RequiredOf<K> as KeyOf<K[N]>]: InOf<K[N]> }
>

/** What is read of a table. */
export type SpecOf<K extends Keys> = Outs<K, ReadOf<K>>

/** What is read of a table that may lack a key which it requires; that is reported then. */
export type ReadSpec<K extends Keys> = SpecOf<K> | ([RequiredOf<K> & ReadOf<K>] extends [never] ? never : undefined)

/** Creates a key that may be left out, with the sentence that an editor shows for it. */
export function field<const Key extends string, In, Out>(
  key: Key,
  shape: Shape<In, Out>,
  description: string,
): Row<Key, In, Maybe<Out>, false>
/** Creates a key with a default, which is given as a user would write it. Its sentence ends with the default. */
export function field<const Key extends string, In, Out>(
  key: Key,
  shape: Shape<In, Out>,
  description: string,
  byDefault: NoInfer<In>,
): Row<Key, In, Exclude<Out, undefined>, false>
export function field(key: string, shape: Shape, description: string, byDefault?: unknown): Row {
  if (byDefault === undefined) return { key, shape, description, isRequired: false }
  const said = typeof byDefault === 'object' ? description : `${description} (default ${String(byDefault)})`
  return { key, shape, description: said, isRequired: false, default: byDefault }
}

/** Creates a key that may not be left out. */
export function required<const Key extends string, In, Out>(
  key: Key,
  shape: Shape<In, Out>,
  description: string,
): Row<Key, In, Exclude<Out, undefined>, true> {
  return { key, shape, description, isRequired: true }
}

/** Creates a key that its section reads itself. */
export function byHand<const Key extends string, In>(
  key: Key,
  shape: Shape<In>,
  description: string,
): Row<Key, In, never, false> {
  return { key, shape, description, isRequired: false, isByHand: true }
}

const ANYTHING: Value = {
  form: 'value',
  expected: 'a template',
  json: {},
  takes: [],
  isUntyped: true,
  read: (value) => value,
}

/** Creates a key that has no effect here: it is taken with a warning, which gives the reason. */
export function ignored<const Key extends string>(key: Key, reason: string): Row<Key, unknown, never, false> {
  return { ...byHand(key, ANYTHING, `No effect here: ${reason}`), ignored: reason }
}

/** Lists the keys of a table as a user writes them. */
export function listKeys(keys: Keys): readonly string[] {
  return Object.values(keys).map(({ key }) => key)
}

/** Creates the shape of a mapping with these keys, of which some may go only with others. */
export function table<const K extends Keys>(
  keys: K,
  refusals: Refusals = {},
  variants: readonly Variant[] = [],
): TableForm & Typed<InputOf<K>, ReadSpec<K>> {
  const byKey = new Map(Object.values(keys).map((row) => [row.key, row]))
  return { form: 'table', expected: 'a mapping', keys, byKey, refusals, variants }
}

/** Creates the shape of a table, or of the lone value that stands for one of its keys. */
export function orShort<In, Out, Short>(
  lone: { readonly key: string; readonly shape: Shape<Short> },
  mapping: TableForm & Typed<In, Out>,
  expected: string,
): Shape<In | Short, Out> {
  const readAs = { form: 'short', table: mapping, short: lone.key } as const
  return { form: 'choice', expected, options: [lone.shape, mapping], readAs }
}

/** Creates the shape of a list. */
export function listOf<In, Out>(
  item: Shape<In, Out>,
  expected = 'a list',
): ListForm & Typed<readonly In[], ListOut<Out>> {
  return { form: 'list', expected, item }
}

/** Creates the shape of one value or a list of several, which is read as a list. */
export function oneOrMore<In, Out>(item: Value<In, Out>, expected: string): Shape<In | readonly In[], ListOut<Out>> {
  const list = listOf(item)
  return { form: 'choice', expected, options: [item, list], readAs: list }
}

/** One text or several. */
export const TEXTS = oneOrMore(TEXT, 'text or a list of texts')

/** One secret or several. */
export const SECRETS = oneOrMore(SECRET, 'text or a list of texts')

/** Creates the shape of a mapping of names to values of one shape. */
export function named<In>(item: Shape<In>): Shape<Record<string, In>, never> {
  return { form: 'named', expected: 'a mapping', item }
}

/** Creates the shape of a value that fits one of several shapes; its section reads it itself. */
export function choice<const S extends readonly Shape[]>(options: S, expected: string): Shape<InOf<S[number]>, never> {
  return { form: 'choice', expected, options, readAs: undefined }
}

/** Creates a reference to a shape that is defined later, under a name for the JSON Schema. */
export function later<In>(name: string, get: () => Shape<In>): LaterForm & Typed<In, never> {
  return { form: 'later', name, get }
}

/** Returns the shape behind a reference. */
export function dereference(shape: Shape): Exclude<Shape, LaterForm> {
  return shape.form === 'later' ? dereference(shape.get()) : shape
}

/** Lists the shapes of which a value must fit one, without references and choices. */
export function listAlternatives(shape: Shape): readonly Exclude<Shape, LaterForm | ChoiceForm>[] {
  const one = dereference(shape)
  return one.form === 'choice' ? one.options.flatMap(listAlternatives) : [one]
}

/** Finds the alternative that has the structure of a value: a list, or a mapping. */
export function findStructure(shape: Shape, value: unknown): ListForm | TableForm | NamedForm | undefined {
  const form = Array.isArray(value) ? ['list'] : isMapping(value) ? ['table', 'named'] : []
  const found = listAlternatives(shape).find((one) => form.includes(one.form))
  return found === undefined || isLeaf(found) ? undefined : found
}

/** Whether a shape is that of a whole value, whose inside is not described. */
export function isLeaf(shape: Shape): shape is (Value | TemplateShape) & Shape {
  return shape.form === 'value' || shape.form === 'template'
}
