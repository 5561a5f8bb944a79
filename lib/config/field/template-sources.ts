// What a template may read, by the place where it stands (section 4 of the design).

/** Fields of callbacks and triggers. */
export const LISTENER_SOURCES: ReadonlySet<string> = new Set([
  'body',
  'query',
  'header',
  'params',
  'method',
  'path',
  'item',
  'index',
  'env',
])

/** The text that a sender signs. */
export const SIGNED_SOURCES: ReadonlySet<string> = new Set([
  'timestamp',
  'id',
  'raw',
  'sha256',
  'url',
  'method',
  'header',
  'body',
  'item',
  'env',
])

/** Jobs and workflows. */
export const JOB_SOURCES: ReadonlySet<string> = new Set([
  'input',
  'env',
  'context',
  'gateway',
  'jobs',
  'output',
  'error',
])

/** The request of a component, and the endpoint that it waits on: nothing is answered yet. */
export const REQUEST_SOURCES: ReadonlySet<string> = new Set([...JOB_SOURCES, 'callback'])

/** The immediate answer: its body, its headers and its status. */
export const ANSWER_SOURCES: ReadonlySet<string> = new Set(['response', 'header', 'status_code'])

/** What a component reads of the immediate answer: ids, whether it is final, and whom polling asks. */
export const ANSWERED_SOURCES: ReadonlySet<string> = new Set([...REQUEST_SOURCES, ...ANSWER_SOURCES])

/** The output of a component, and how the answers to polling are judged. */
export const RESULT_SOURCES: ReadonlySet<string> = new Set([...ANSWERED_SOURCES, 'result'])

/** Says why a source that workflows know has no value in this place; undefined for a name that is just unknown. */
export function explainAbsence(source: string, sources: ReadonlySet<string>): string | undefined {
  if (!sources.has('jobs') || sources.has(source) || !RESULT_SOURCES.has(source)) return undefined
  if (!sources.has('callback')) return 'a component reads it; a job reads what its component gave as ${output}'
  if (source === 'result')
    return 'there is no result yet; it is read in "output", and in "status" and "result" of polling'
  return 'nothing is answered yet when this is rendered; it is read in "output", "done_when", "wait_for" and by polling'
}
