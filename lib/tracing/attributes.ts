import { isTicketId } from '../base/secrets/ticket-id'
import { isUnnamed } from '../base/unnamed'

export type AttributeValue = string | number
/** The attributes of a span, by their names. */
export type Attributes = Record<string, AttributeValue>

/** A job of a run, and which attempt of it. */
export interface JobPlace {
  /** The id of the job; inside on_error its path, as `paint/on_error/again`. */
  readonly job: string
  /** Counted from 1. */
  readonly attempt: number
}

/** A run of a workflow. */
export interface RunPlace {
  /** The id of the task. */
  readonly task: string
  readonly workflow: string
}

const STEP = /^(.*)#(\d+)(?:\/.*)?$/s

/** Returns the attempt of a job that a step or a wait of a run belongs to, by its name: `job#attempt/what`. */
export function readJobPlace(name: string): JobPlace | undefined {
  const [, job, attempt] = STEP.exec(name) ?? []
  return job === undefined ? undefined : { job, attempt: Number(attempt) }
}

/** Names a workflow or a job in the name of its span. */
export function shownName(noun: 'workflow' | 'job', id: string): string {
  return isUnnamed(id) ? noun : id
}

/** The attributes that each span of a run has. */
export function runAttributes({ task, workflow }: RunPlace): Attributes {
  return { 'express_callbacks.workflow': workflow, 'express_callbacks.task': task }
}

/** The attributes of a span that belongs to an attempt of a job. */
export function jobAttributes(place: JobPlace | undefined): Attributes {
  if (place === undefined) return {}
  return { 'express_callbacks.job': place.job, 'express_callbacks.attempt': place.attempt }
}

/** The attributes of a wait, by the conventions for messaging. An id that is a ticket is left out, since it is a secret. */
export function waitAttributes(endpoints: readonly string[], ids: readonly (string | undefined)[]): Attributes {
  const id = ids.find((one) => one !== undefined && !isTicketId(one))
  return {
    'messaging.system': 'express_callbacks',
    'messaging.operation.name': 'wait',
    'messaging.operation.type': 'receive',
    'messaging.destination.name': endpoints.join(' or '),
    ...(id !== undefined && { 'messaging.message.conversation_id': id }),
  }
}

/** The attributes of a request, by the conventions for HTTP clients. Query, user and password are left out. */
export function requestAttributes({ method, url }: { readonly method: string; readonly url: URL }): Attributes {
  return {
    'http.request.method': method,
    'url.full': `${url.origin}${url.pathname}`,
    'server.address': url.hostname.replace(/^\[(.*)\]$/, '$1'),
    'server.port': Number(url.port || (url.protocol === 'https:' ? 443 : 80)),
  }
}
