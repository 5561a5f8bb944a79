import type { Fields } from '../field/fields'
import { type ComponentSpec, normalizeComponent } from '../sections/component'

/** The components that jobs can call: those of the config, and those that stand in a job itself. */
export interface ComponentBook {
  /** All by name; undefined as long as there is none and the config has no such section. */
  readonly specs: ReadonlyMap<string, ComponentSpec> | undefined
  /** The names in the section of the config; undefined when it has none. */
  readonly names: readonly string[] | undefined
  /** The one that a job without `component` calls: the default one, or the only one. */
  readonly fallback: string | undefined
  /** Reads a component that stands in a job. Returns its name, by which only that job calls it. */
  add(fields: Fields): string
}

/** Creates a book of the components that the section of the config defines. */
export function createComponentBook(defined: ReadonlyMap<string, ComponentSpec> | undefined): ComponentBook {
  const specs = new Map(defined)
  const names = defined && [...defined.keys()]
  const marked = names?.find((name) => defined?.get(name)?.isDefault)
  return {
    get specs() {
      return defined === undefined && specs.size === 0 ? undefined : specs
    },
    names,
    fallback: marked ?? (names?.length === 1 ? names[0] : undefined),
    add(fields) {
      specs.set(fields.at, normalizeComponent(fields.at, fields))
      return fields.at
    },
  }
}
