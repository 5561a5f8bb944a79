import type { Mask } from '../base/secrets/mask'
import { maskTickets } from '../base/secrets/ticket-id'
import type { Course } from './course'
import type { DeliveryRecord, Verdict } from './delivery'
import { createProofMask, hideHeaders, hideQuery, type Hiding } from './hiding'
import { verdictOf } from './history'

/** Returns a request as it is shown: without what authenticates its sender, with tickets cut short. */
export function toRecord(course: Course, hiding: Hiding): DeliveryRecord {
  const { id, receivedAt, durationMs, method, endpoint, code, task, items, status, isVerified, replayOf, bodyBytes } =
    course
  const mask = createProofMask(course, hiding)
  const hide = (text: string): string => maskTickets(mask(text))
  return {
    id,
    receivedAt,
    durationMs,
    method,
    target: hide(hideQuery(course.target, hiding.secretParameters)),
    headers: hideHeaders(course.rawHeaders, hiding.secretHeaders).map(([name, value]) => [name, hide(value)]),
    body: course.body,
    bodyBytes,
    endpoint,
    verdict: verdictOf(course),
    outcome: course.judged === 'pending' || course.verdict !== 'settled' ? undefined : course.judged,
    code,
    reason: hide(reasonOf(hideReads(course, hide))),
    ids: (course.ids ?? []).map(hide),
    task,
    items,
    status,
    isVerified,
    replayOf,
  }
}

/** Whether a text stands in what is shown of a request, in any case: a search finds no secret either. */
export function isShown({ target, headers, body }: DeliveryRecord, wanted: string, { mask }: Hiding): boolean {
  const text = wanted.toLowerCase()
  const holds = (shown: string): boolean => shown.toLowerCase().includes(text)
  return (
    holds(target) || headers.flat().some(holds) || (body !== undefined && holds(maskTickets(mask(body.toString()))))
  )
}

/** What a reason tells of a request. */
type Told = Pick<Course, 'verdict' | 'judged' | 'statusRead' | 'why' | 'ids' | 'task' | 'items'>

/** Hides what templates have read before it stands in a sentence: a short secret is only known as a whole. */
function hideReads({ verdict, judged, statusRead, why, ids, task, items }: Course, hide: Mask): Told {
  const status = statusRead === undefined ? undefined : hide(statusRead)
  return { verdict, judged, statusRead: status, why: why && hide(why), ids: ids?.map(hide), task, items }
}

/** Says why a request has its verdict. */
function reasonOf(course: Told): string {
  const verdict = verdictOf(course)
  if (verdict === 'items') return `A bulk callback of ${countItems(course.items)}`
  return REASONS[verdict](course)
}

const REASONS: Readonly<Record<Exclude<Verdict, 'items'>, (course: Told) => string>> = {
  settled: (course) => `It ended the wait for ${idOf(course)} ${judgementOf(course)}`,
  parked: (course) => `Nobody waits for ${idOf(course)} yet; the callback is kept until somebody does (store.park)`,
  duplicate: (course) => `${idOf(course)} is settled or parked already, or the same delivery came before (dedupe_by)`,
  pending: ({ statusRead, ...course }) =>
    `The status ${statusRead === undefined ? 'is not there, which' : JSON.stringify(statusRead)} says that the work for ${idOf(course)} goes on: neither success_when nor fail_when names it`,
  unidentified: () => 'identify_by finds no id in it; it was acknowledged and dropped',
  filtered: (course) =>
    course.ids === undefined
      ? 'when is false for it; it was acknowledged and dropped'
      : `"when" of the wait for ${idOf(course)} is false for it, and the wait goes on`,
  started: ({ task }) => (task === undefined ? 'It started a workflow' : `It started the task ${task}`),
  handshake: () => 'It asked for the handshake of its sender, which was answered',
  refused: ({ why = 'the connection ended before the answer' }) => why,
  unrouted: ({ why = 'No endpoint takes this method and path' }) => why,
}

function idOf({ ids }: Pick<Told, 'ids'>): string {
  const id = ids?.at(-1)
  return id === undefined ? 'the next callback' : JSON.stringify(id)
}

function judgementOf({ judged, statusRead, why }: Told): string {
  const status = statusRead === undefined ? '' : ` (status ${JSON.stringify(statusRead)})`
  if (judged !== 'failed') return `with a success${status}`
  return `with a failure${status}${why === undefined ? '' : `: ${why}`}`
}

function countItems(items: Told['items'] = {}): string {
  const counts = Object.entries(items).map(([verdict, count]) => `${count} ${verdict}`)
  return counts.length === 0 ? 'no items' : counts.join(', ')
}
