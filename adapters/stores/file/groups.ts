/** The ids of each group, in the order in which they were added. */
export interface Groups {
  add(group: string | undefined, id: string): void
  remove(group: string | undefined, id: string): void
  /** Returns the ids of a group, each with a number that grows. */
  entries(group: string): Iterable<readonly [id: string, number: number]>
}

/** Creates an empty set of groups. */
export function createGroups(): Groups {
  const groups = new Map<string, Map<string, number>>()
  let added = 0
  return {
    add(group, id) {
      if (group === undefined) return
      const ids = groups.get(group) ?? new Map<string, number>()
      groups.set(group, ids)
      added += 1
      ids.set(id, added)
    },
    remove(group, id) {
      if (group === undefined) return
      const ids = groups.get(group)
      if (ids?.delete(id) && ids.size === 0) groups.delete(group)
    },
    entries: (group) => groups.get(group) ?? [],
  }
}
