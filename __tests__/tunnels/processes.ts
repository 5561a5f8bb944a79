import { existsSync, readFileSync } from 'node:fs'

/** Whether a process is there, and is no zombie. */
export function lives(pid: number): boolean {
  try {
    process.kill(pid, 0)
  } catch {
    return false
  }
  const stat = `/proc/${pid}/stat`
  return !existsSync(stat) || !/\) [ZX] /.test(readFileSync(stat, 'utf8'))
}

/** Resolves when a condition holds; Jest's own limit is the longest that a test waits, and ends the polling with it. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5).unref())
}
