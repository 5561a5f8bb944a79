/** Several values for a key, each once; a key with one value, the usual case, costs no list. */
export class Multimap<Value extends object> {
  readonly #map = new Map<string, Value | readonly Value[]>()

  add(key: string, value: Value): void {
    const found = this.#map.get(key)
    if (found === undefined) this.#map.set(key, value)
    else if (!isList(found)) {
      if (found !== value) this.#map.set(key, [found, value])
    } else if (!found.includes(value)) this.#map.set(key, [...found, value])
  }

  delete(key: string, value: Value): void {
    const found = this.#map.get(key)
    if (found === value) this.#map.delete(key)
    else if (found !== undefined && isList(found)) {
      const rest = found.filter((other) => other !== value)
      const [only] = rest
      if (only !== undefined) this.#map.set(key, rest.length === 1 ? only : rest)
    }
  }

  /** The values of a key; the list stays as it is when the map changes. */
  get(key: string): readonly Value[] {
    const found = this.#map.get(key)
    if (found === undefined) return []
    return isList(found) ? found : [found]
  }

  /** Every value, once for each of its keys. */
  values(): readonly Value[] {
    return [...this.walk()]
  }

  /** The same, one at a time, in the order in which the keys were added. */
  *walk(): Generator<Value, void> {
    for (const found of this.#map.values()) {
      if (isList(found)) yield* found
      else yield found
    }
  }
}

function isList<Value extends object>(found: Value | readonly Value[]): found is readonly Value[] {
  return Array.isArray(found)
}
