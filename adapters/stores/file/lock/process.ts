import { readFile, readlink } from 'node:fs/promises'
import { hostname } from 'node:os'
import { codeOf } from '../../../../lib/base/errors'

/** A process as a lock names it, so that no other is taken for it. */
export interface ProcessName {
  readonly pid: number
  /** When it was started, in ticks since the machine was; empty where the system does not say so. */
  readonly start: string
  readonly host: string
  /**
   * What its pid counts in: this boot of the machine, and on it the pid namespace, since containers may share the name of
   * their host and count from 1 each. Empty where the system does not say so.
   */
  readonly scope: string
}

/** Names this process. */
export async function nameThisProcess(): Promise<ProcessName> {
  const boot = await orEmpty(readFile('/proc/sys/kernel/random/boot_id', 'utf8'))
  const namespace = await orEmpty(readlink('/proc/self/ns/pid'))
  const stat = await readStat(process.pid)
  return { pid: process.pid, start: stat?.start ?? '', host: hostname(), scope: `${boot.trim()} ${namespace}`.trim() }
}

/** Whether a process counts where this one does, so that it can be looked for. */
export function isNear(other: ProcessName, self: ProcessName): boolean {
  return other.host === self.host && other.scope === self.scope
}

/** Whether a process that is near lives. After `kill -9` it does not, even when another has its pid by now. */
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
    // EPERM: it is there, and belongs to another user.
    return codeOf(error) === 'EPERM'
  }
}

/** Reads what Linux says of a process (proc_pid_stat(5)): the state is field 3, the start field 22. */
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
