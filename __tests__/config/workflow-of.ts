/** Jobs that do next to nothing, as elements of a YAML list. */
export const A = '{ id: a, component: logger }'
export const B = '{ id: b, component: logger }'
export const C = '{ id: c, component: logger }'

/** A workflow in YAML: each line is a job, the first one stands in line 3. */
export function workflowOf(jobs: string): string {
  const lines = jobs.trim().split(/\n\s*/)
  return `workflow:\n  jobs:\n${lines.map((line) => `    - ${line}\n`).join('')}`
}
