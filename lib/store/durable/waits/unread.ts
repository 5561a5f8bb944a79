import type { Place } from '../../../base/contracts'
import type { ManyItem } from '../key-entries'

/** Tells apart the callbacks that a wait has read from the logs of its keys, and those that it has not. */
export class Unread {
  /** The latest one of each key. */
  readonly #last = new Map<string, Omit<Place, 'key'>>()

  /**
   * Returns those of a list that were not read yet, which count as read then. A state may show an older part of the list once
   * more, and after a loss of the server places come again.
   */
  take(key: string, items: readonly ManyItem[]): readonly ManyItem[] {
    const last = this.#last.get(key)
    const isNew = ({ order, entry }: ManyItem): boolean => !last || order > last.order || entry.at > last.at
    let from = items.length
    for (let item = items[from - 1]; item !== undefined && isNew(item); item = items[from - 1]) from -= 1
    const found = items.slice(from)
    const newest = found.at(-1)
    const at = Math.max(last?.at ?? 0, ...found.map(({ entry }) => entry.at))
    if (newest) this.#last.set(key, { order: newest.order, at })
    return found
  }
}
