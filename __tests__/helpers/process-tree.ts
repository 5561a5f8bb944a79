import type { ChildProcess } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'

/** Sends a signal to a process and to everything that it started: servers serve by processes that outlive them. */
export function signalTree({ pid, exitCode, signalCode }: ChildProcess, name: NodeJS.Signals): void {
  if (pid === undefined || exitCode !== null || signalCode !== null) return
  for (const one of [...descendantsOf(pid), pid]) {
    try {
      process.kill(one, name)
    } catch {
      // It has ended meanwhile.
    }
  }
}

function descendantsOf(pid: number): readonly number[] {
  const parents = new Map<number, number>()
  for (const entry of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      const stat = readFileSync(`/proc/${entry}/stat`, 'utf8')
      parents.set(Number(entry), Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]))
    } catch {
      // It has ended meanwhile.
    }
  }
  const childrenOf = (parent: number): readonly number[] =>
    [...parents].filter(([, of]) => of === parent).flatMap(([child]) => [...childrenOf(child), child])
  return childrenOf(pid)
}
