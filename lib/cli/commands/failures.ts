type Write = () => void

/** The lines of failed tasks that are held back, since the next one may say all of it. */
export interface Failures {
  hold(task: string, write: Write): void
  /** Writes what is held of a task. */
  release(task: string): void
  /** Forgets what is held of a task. */
  drop(task: string): void
}

/** Gives an empty one. */
export function createFailures(): Failures {
  const held = new Map<string, readonly Write[]>()
  return {
    hold: (task, write) => void held.set(task, [...(held.get(task) ?? []), write]),
    release(task) {
      const writes = held.get(task) ?? []
      held.delete(task)
      for (const write of writes) write()
    },
    drop: (task) => void held.delete(task),
  }
}
