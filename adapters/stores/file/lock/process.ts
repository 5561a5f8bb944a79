import { readFile, readlink } from 'node:fs/promises'
import { hostname } from 'node:os'
import { codeOf } from '../../../../lib/base/errors'

/** What tells a process from all others. */
export interface ProcessName {
  readonly pid: number
  /** When it was started, in ticks since the start of the machine; empty when the system does not tell. */
  readonly start: string
  readonly host: string
  /**
   * Where its pid is unique: the boot of the machine and the pid namespace. Containers may share the name of their host, and
   * each counts pids from 1. Empty when the system does not tell.
   */
  readonly scope: string
}

/** Returns the name of this process. */
export async function nameThisProcess(): Promise<ProcessName> {
  const boot = await orEmpty(readFile('/proc/sys/kernel/random/boot_id', 'utf8'))
  const namespace = await orEmpty(readlink('/proc/self/ns/pid'))
  const stat = await readStat(process.pid)
  return { pid: process.pid, start: stat?.start ?? '', host: hostname(), scope: `${boot.trim()} ${namespace}`.trim() }
}

/** Whether the pid of another process means the same here, so that we can see whether it lives. */
export function isNear(other: ProcessName, self: ProcessName): boolean {
  return other.host === self.host && other.scope === self.scope
}

/** Whether a near process lives. After `kill -9` it does not, even when another process has its pid by now. */
export async function lives({ pid, start }: ProcessName): Promise<boolean> {
  if (!isThere(pid)) return false
  const stat = await readStat(pid)
  if (stat === undefined) return true
  return !stat.hasEnded && (start === '' || stat.start === start)
}

function isThere(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    // EPERM: the process exists, and belongs to another user.
    return codeOf(error) === 'EPERM'
  }
}

/** Reads the state (field 3) and the start (field 22) of a process on Linux, by proc_pid_stat(5). */
async function readStat(pid: number): Promise<{ readonly start: string; readonly hasEnded: boolean } | undefined> {
  const text = await orEmpty(readFile(`/proc/${pid}/stat`, 'utf8'))
  // The name of the program, field 2, stands in brackets and may hold anything.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  const [state, start] = [fields[0], fields[19]]
  return state === undefined || start === undefined ? undefined : { start, hasEnded: state === 'Z' || state === 'X' }
}

async function orEmpty(text: Promise<string>): Promise<string> {
  try {
    return await text
  } catch {
    return ''
  }
}
