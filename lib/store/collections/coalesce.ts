/**
 * Returns a function that has the work done, which never rejects, one at a time: calls while it is under way bring it
 * about once more after that. It resolves when no more is wanted.
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
