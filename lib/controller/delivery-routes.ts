import { isUtf8 } from 'node:buffer'
import { CallbackError } from '../base/errors'
import { isMapping } from '../base/values/plain'
import { writeShown } from '../base/values/shown-json'
import type { Mask } from '../base/secrets/mask'
import { maskTickets } from '../base/secrets/ticket-id'
import {
  type Deliveries,
  type DeliveryFilter,
  type DeliveryRecord,
  type Verdict,
  VERDICTS,
} from '../deliveries/delivery'
import { json } from './answer'
import { badRequest, quote, refuseUnknown, requireJson } from './request'
import type { Route } from './routes'
import { viewTime } from './views'

export interface DeliveryRoutesContext {
  readonly deliveries: Deliveries
  /** Replaces the secrets of the environment in a text. */
  readonly mask: Mask
}

const TIME = { type: 'string', description: 'ISO 8601, or milliseconds since the epoch; inclusive' }
const PARAMETERS = {
  endpoint: { type: 'string', description: 'Such as POST /done' },
  id: { type: 'string', description: 'An id of the callback' },
  verdict: { enum: VERDICTS },
  since: TIME,
  until: TIME,
  text: { type: 'string', description: 'Stands in the target, a header or the body, in any case' },
  before: { type: 'string', description: 'The id of a delivery: only older ones' },
  limit: { type: 'integer', minimum: 1, maximum: 1000, default: 100 },
}
type Parameter = keyof typeof PARAMETERS
const KEYS = Object.keys(PARAMETERS)

/** Creates the routes that show deliveries. */
export function createDeliveryRoutes({ deliveries, mask }: DeliveryRoutesContext): readonly Route[] {
  return [
    {
      method: 'GET',
      path: '/deliveries',
      doc: {
        summary: 'Lists the latest deliveries, newest first, without their bodies',
        query: PARAMETERS,
        answers: { 200: 'DeliveryList' },
        errors: ['ERR_REQUEST'],
      },
      async answer({ query }) {
        const filter = parseFilter(query)
        const found = await deliveries.list(filter)
        const isFull = found.length === (filter.limit ?? 100)
        return json(200, { deliveries: found.map(viewDelivery), next: isFull ? (found.at(-1)?.id ?? null) : null })
      },
    },
    {
      method: 'GET',
      path: '/deliveries/{id}',
      doc: {
        summary: 'Shows a delivery, its body, and what each template of its endpoint reads from it',
        answers: { 200: 'DeliveryDetail' },
        errors: ['ERR_DELIVERY_UNKNOWN'],
      },
      async answer({ id }) {
        const reads = await deliveries.explain(id)
        const record = await deliveries.find(id)
        if (record === undefined) throw new CallbackError('ERR_DELIVERY_UNKNOWN', { message: `${id} has just gone` })
        const hide: Hide = (text) => maskTickets(mask(text))
        const { headers } = record
        return json(200, { ...viewDelivery(record), headers, ...viewBody(record, hide), ...hideTexts({ reads }, hide) })
      },
    },
    {
      method: 'POST',
      path: '/deliveries/{id}/replay',
      doc: {
        summary: 'Parses, identifies, judges and settles a delivery again as if it came now',
        answers: { 200: 'Delivery' },
        errors: ['ERR_DELIVERY_UNKNOWN', 'ERR_DELIVERY_REPLAY', 'ERR_BODY_TYPE'],
      },
      isAction: true,
      async answer({ request, id }) {
        requireJson(request)
        return json(200, viewDelivery(await deliveries.replay(id)))
      },
    },
  ]
}

/** A delivery as it is shown in a list. */
export function viewDelivery(record: DeliveryRecord): object {
  const { id, receivedAt, durationMs, method, target, bodyBytes, endpoint, verdict, outcome, code, reason } = record
  return {
    id,
    received_at: viewTime(receivedAt),
    duration_ms: durationMs,
    method,
    target,
    body_bytes: bodyBytes,
    endpoint: endpoint ?? null,
    verdict,
    outcome: outcome ?? null,
    code: code ?? null,
    reason,
    ids: record.ids,
    task_id: record.task ?? null,
    items: record.items ?? null,
    status: record.status ?? null,
    verified: record.isVerified,
    replay_of: record.replayOf ?? null,
  }
}

type Hide = (text: string) => string

/** Hides what is secret in every text of a value, and in the names of its mappings; JSON would write it in another spelling. */
function hideTexts(value: object, hide: Hide): object {
  return JSON.parse(writeShown(value), (_key, one: unknown) => {
    if (typeof one === 'string') return hide(one)
    return isMapping(one) ? Object.fromEntries(Object.entries(one).map(([name, item]) => [hide(name), item])) : one
  })
}

/** Text where the bytes are UTF-8, else base64. */
function viewBody({ body }: DeliveryRecord, hide: Hide): object {
  if (body === undefined) return { body: null, body_encoding: null }
  if (isUtf8(body)) return { body: hide(body.toString()), body_encoding: 'utf-8' }
  const hidden = Buffer.from(hide(body.toString('latin1')), 'latin1')
  return { body: hidden.toString('base64'), body_encoding: 'base64' }
}

/** Reads a filter from a query. Throws `ERR_REQUEST`, which names the parameter. */
function parseFilter(query: URLSearchParams): DeliveryFilter {
  refuseUnknown('parameter', query.keys(), KEYS)
  const read = (key: Parameter): string | undefined => query.get(key) || undefined
  return {
    endpoint: read('endpoint'),
    id: read('id'),
    verdict: readVerdict(read('verdict')),
    since: readTime('since', read('since')),
    until: readTime('until', read('until')),
    text: read('text'),
    before: read('before'),
    limit: readLimit(read('limit')),
  }
}

function readVerdict(text: string | undefined): Verdict | undefined {
  if (text === undefined) return undefined
  const verdict = VERDICTS.find((one) => one === text)
  if (verdict === undefined) throw badRequest(`verdict: expected one of ${VERDICTS.join(', ')}, found ${quote(text)}`)
  return verdict
}

/** A time as ISO 8601 or as milliseconds since the epoch. */
function readTime(key: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  // A "+" that a query does not encode is a space.
  const time = /^\d+$/.test(text) ? Number(text) : Date.parse(text.replace(/(T\S+) (?=\d\d:?\d\d$)/, '$1+'))
  if (Number.isNaN(new Date(time).getTime()))
    throw badRequest(`${key}: expected a time such as 2026-01-31T12:00:00Z, found ${quote(text)}`)
  return time
}

function readLimit(text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  const limit = Number(text)
  if (!Number.isInteger(limit) || limit < 1 || limit > 1000)
    throw badRequest(`limit: expected a whole number from 1 to 1000, found ${quote(text)}`)
  return limit
}
