import { UNNAMED } from '../../base/unnamed'
import type { Fields } from './fields'
import { FLAG, TEXT } from './values'

/** A section that may be written for one thing or for several. */
export interface Section {
  readonly singular: string
  readonly plural: string
  /** The name of one without a name; undefined for sections that are lists without names. */
  readonly unnamed: string | undefined
}

/** The sections that have a singular and a plural. */
export const SECTIONS = {
  listeners: { singular: 'listener', plural: 'listeners', unnamed: undefined },
  gateways: { singular: 'gateway', plural: 'gateways', unnamed: undefined },
  components: { singular: 'component', plural: 'components', unnamed: UNNAMED.component },
  workflows: { singular: 'workflow', plural: 'workflows', unnamed: UNNAMED.workflow },
} as const satisfies Readonly<Record<string, Section>>

/** Reads a section without names: the singular as a list of one. */
export function readList(root: Fields, section: Section): readonly Fields[] {
  refuseBoth(root, section)
  const one = root.mapping(section.singular)
  return [...(one === undefined ? [] : [one]), ...root.mappings(section.plural)]
}

/** Reads a section by name: the singular with its own or the given name, the plural as mapping or as list with ids. */
export function readNamed(root: Fields, section: Section & { readonly unnamed: string }): ReadonlyMap<string, Fields> {
  refuseBoth(root, section)
  const named = new Map<string, Fields>()
  const one = root.mapping(section.singular)
  if (one !== undefined) named.set(one.read('id', TEXT) ?? section.unnamed, one)

  const byName = root.mapping(section.plural)
  for (const name of byName?.keys ?? []) {
    const fields = byName?.mapping(name)
    if (fields === undefined) continue
    const id = fields.read('id', TEXT)
    if (id !== undefined && id !== name)
      fields.error('id', `the name here is "${name}"; leave out id, or write the same`)
    named.set(name, fields)
  }

  for (const fields of root.mappings(section.plural)) addById(fields, named)
  return named
}

function addById(fields: Fields, named: Map<string, Fields>): void {
  const id = fields.read('id', TEXT)
  if (id === undefined) fields.error('id', 'missing; in a list each one needs an id')
  else if (named.has(id)) fields.error('id', `"${id}" is the id of another one too`)
  else named.set(id, fields)
}

function refuseBoth(root: Fields, { singular, plural }: Section): void {
  if (root.has(singular) && root.has(plural))
    root.error(plural, `"${singular}" and "${plural}" stand side by side; move the one into "${plural}"`)
}

/** Refuses a second default in a section. */
export function refuseTwoDefaults(named: readonly (readonly [string, Fields])[]): void {
  const [first, ...others] = named.filter(([, fields]) => fields.read('default', FLAG) ?? false)
  for (const [, fields] of others) fields.error('default', `"${first?.[0]}" is the default already; only one can be`)
}
