/**
 * Returns a function that does the work, one at a time: calls while it is under way make it run once more after that, and
 * resolve when all of it is done. The work must not reject.
 */
export function coalesce(work: () => Promise<unknown>): () => Promise<void> {
  let isWanted = false
  let working: Promise<void> | undefined

  async function workWhileWanted(): Promise<void> {
    while (isWanted) {
      isWanted = false
      await work()
    }
    working = undefined
  }

  return async () => {
    isWanted = true
    working ??= workWhileWanted()
    await working
  }
}
