import type { JobEvent } from '../../base/events'
import { nameOf } from '../../base/unnamed'
import type { Callbacks } from '../../app/interface'
import { quoteWord } from '../log'

/** Returns a few words on the waits and tasks that have not ended; undefined when all have. */
export type DescribeWaiting = () => string | undefined

interface Unended {
  readonly workflow: string
  /** The jobs that have begun and not ended. */
  readonly jobs: Map<string, JobEvent>
}

const MAX_NAMED = 5
const ENDED: ReadonlySet<JobEvent['status']> = new Set(['succeeded', 'failed', 'cancelled'])

/** Follows tasks from their start, to know what each one waits for. */
export function followWaiting(hooks: Callbacks): DescribeWaiting {
  const tasks = new Map<string, Unended>()
  hooks.on('task', ({ task, workflow, status }) => {
    if (status === 'running') tasks.set(task, { workflow, jobs: new Map() })
    else tasks.delete(task)
  })
  hooks.on('job', (event) => {
    const jobs = tasks.get(event.task)?.jobs
    if (ENDED.has(event.status)) jobs?.delete(event.job)
    else jobs?.set(event.job, event)
  })

  return () => {
    const { waiting, tasks: counts } = hooks.stats()
    if (waiting === 0 && counts.running === 0) return undefined
    const counted = [count(waiting, 'wait'), count(counts.running, 'task')].filter((one) => !one.startsWith('0 '))
    const named = [...tasks.values()].slice(0, MAX_NAMED).map(describe)
    const more = tasks.size > MAX_NAMED ? [`and ${tasks.size - MAX_NAMED} more`] : []
    return counted.join(', ') + (named.length === 0 ? '' : ` (${[...named, ...more].join('; ')})`)
  }
}

function describe({ workflow, jobs }: Unended): string {
  const named = Array.from(jobs.values(), ({ job, status, ids = [] }) => {
    const what = status === 'waiting' ? `waits for ${ids.map(quoteWord).join(', ') || 'a callback'}` : `is ${status}`
    return `${nameOf('job', job)} of ${nameOf('workflow', workflow)} ${what}`
  })
  return named.join(', ') || `${nameOf('workflow', workflow)} is running`
}

/** A number with its noun, as `2 waits`. */
export function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`
}
