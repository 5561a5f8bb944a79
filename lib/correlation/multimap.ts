/** Several values for a key, each once; a key with one value, the usual case, costs no list. */
export class Multimap<Value extends object> {
  readonly #single = new Map<string, Value>()
  readonly #several = new Map<string, readonly Value[]>()

  add(key: string, value: Value): void {
    const list = this.#several.get(key)
    const single = this.#single.get(key)
    if (single === value || list?.includes(value) === true) return
    if (list) this.#several.set(key, [...list, value])
    else if (single) {
      this.#single.delete(key)
      this.#several.set(key, [single, value])
    } else this.#single.set(key, value)
  }

  delete(key: string, value: Value): void {
    if (this.#single.get(key) === value) this.#single.delete(key)
    const list = this.#several.get(key)
    if (list === undefined) return
    const rest = list.filter((other) => other !== value)
    if (rest.length > 0) this.#several.set(key, rest)
    else this.#several.delete(key)
  }

  /** The values of a key; the list stays as it is when the map changes. */
  get(key: string): readonly Value[] {
    const single = this.#single.get(key)
    return single ? [single] : (this.#several.get(key) ?? [])
  }

  /** Every value, once for each of its keys. */
  values(): readonly Value[] {
    return [...this.#single.values(), ...[...this.#several.values()].flat()]
  }
}
