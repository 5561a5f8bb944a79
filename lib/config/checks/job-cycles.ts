/** A job by its id, and the ids of those that must be done before it. */
export interface Waiting {
  readonly id: string
  readonly after: readonly string[]
}

/**
 * Finds the jobs that wait for each other. Returns for each of them the shortest cycle that begins with it: each id waits
 * for the next one, and the last one for the first. Empty when all can run.
 */
export function findCycles(jobs: readonly Waiting[]): readonly (readonly string[])[] {
  const stuck = listStuck(jobs)
  return stuck.flatMap((first, index) => {
    const cycle = findCycle(first, new Map(stuck.slice(index).map((job) => [job.id, job])))
    return cycle === undefined ? [] : [cycle]
  })
}

/** The jobs that can never run: all those on a cycle, and those that wait for one. */
function listStuck(jobs: readonly Waiting[]): readonly Waiting[] {
  const done = new Set<string>()
  let left = jobs
  for (;;) {
    const stuck = left.filter(({ id, after }) => {
      const isReady = after.every((other) => done.has(other))
      if (isReady) done.add(id)
      return !isReady
    })
    if (stuck.length === left.length) return stuck
    left = stuck
  }
}

/** Goes from job to job, nearest first, until one waits for the first. */
function findCycle(first: Waiting, jobs: ReadonlyMap<string, Waiting>): readonly string[] | undefined {
  const reachedFrom = new Map<string, string>()
  const queue = [first]
  for (const { id, after } of queue) {
    if (after.includes(first.id)) return traceBack(id, first.id, reachedFrom)
    for (const other of after) {
      const next = jobs.get(other)
      if (next === undefined || reachedFrom.has(other)) continue
      reachedFrom.set(other, id)
      queue.push(next)
    }
  }
  return undefined
}

function traceBack(last: string, first: string, reachedFrom: ReadonlyMap<string, string>): readonly string[] {
  const path = [last]
  for (let id = last; id !== first; path.push(id)) id = reachedFrom.get(id) ?? first
  return path.toReversed()
}
