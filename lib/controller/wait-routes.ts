import type { ServerResponse } from 'node:http'
import type { ListenerRequest } from '../body/request'
import type { Delivery, Store } from '../base/contracts'
import { CallbackError } from '../base/errors'
import { isMapping } from '../base/values/plain'
import { json } from './answer'
import { badRequest, quote, type ReadJson, refuseUnknown } from './request'
import type { Call, Route } from './routes'
import { handleOf } from './views'

export interface WaitRoutesContext {
  readonly store: Store
  readonly readJson: ReadJson
  /** Ends the waits for an id, as `hooks.settle` and `hooks.fail` do. */
  readonly end: (id: string, ending: WaitEnding, path: string | undefined) => Promise<Delivery>
  /** Gives up the waits of this process for an id; returns how many there were. */
  readonly abort: (id: string, path: string | undefined) => number
}

type WaitEnding = { readonly result: unknown } | { readonly error: unknown }

/** How many waits are looked at for one that is named by its handle. */
const MAX_LISTED = 1000

const ENDING_ERRORS = ['ERR_PARKING_FULL', 'ERR_EACH_FULL', 'ERR_STORE_UNAVAILABLE'] as const

/** Creates the routes that end waits by hand. */
export function createWaitRoutes({ store, readJson, end, abort }: WaitRoutesContext): readonly Route[] {
  /** A wait that is named by its handle has an endpoint, so that its path need not be given. */
  function find(named: string): { readonly id: string; readonly path?: string | undefined } {
    const wait = store.list(MAX_LISTED).find((one) => handleOf(one) === named)
    return { id: wait?.ids[0] ?? named, path: wait?.endpoints[0] }
  }

  async function act({ request, response, id }: Call, key: 'result' | 'error') {
    const { path, value } = await readBody(request, response, key)
    const ending = key === 'result' ? { result: value } : { error: value }
    const found = find(id)
    return json(200, { id, delivery: await end(found.id, ending, path ?? found.path).catch(rethrow) })
  }

  async function cancel({ request, response, id }: Call) {
    const { path } = await readBody(request, response, undefined)
    const found = find(id)
    let cancelled = 0
    try {
      cancelled = abort(found.id, path ?? found.path)
    } catch (error) {
      rethrow(error)
    }
    if (cancelled === 0) throw unknownWait(id)
    return json(200, { id, cancelled })
  }

  async function readBody(request: ListenerRequest, response: ServerResponse, key: 'result' | 'error' | undefined) {
    const keys = [key, 'path'].filter((one) => one !== undefined)
    const body = (await readJson(request, response)) ?? {}
    if (!isMapping(body)) throw badRequest(`The body must be a JSON object with ${keys.join(' and ')}`)
    refuseUnknown('key', Object.keys(body), keys)
    const { path } = body
    if (path !== undefined && path !== null && typeof path !== 'string') throw badRequest('path: expected text')
    return { value: key && body[key], path: path ?? undefined }
  }

  return [
    {
      method: 'POST',
      path: '/waits/{id}/settle',
      doc: {
        summary: 'Ends the waits for an id, or a wait by its wait_id, with a result',
        body: 'Settling',
        answers: { 200: 'WaitEnd' },
        errors: [...ENDING_ERRORS, 'ERR_RESULT_SCHEMA', 'ERR_SCHEMA_UNAVAILABLE'],
      },
      isAction: true,
      answer: (call) => act(call, 'result'),
    },
    {
      method: 'POST',
      path: '/waits/{id}/fail',
      doc: {
        summary: 'Ends the waits for an id, or a wait by its wait_id, with an error',
        body: 'Failing',
        answers: { 200: 'WaitEnd' },
        errors: ENDING_ERRORS,
      },
      isAction: true,
      answer: (call) => act(call, 'error'),
    },
    {
      method: 'POST',
      path: '/waits/{id}/cancel',
      doc: {
        summary: 'Gives up the waits of this process for an id, or a wait by its wait_id: they reject with ERR_ABORTED',
        body: 'Cancelling',
        answers: { 200: 'WaitCancel' },
        errors: ['ERR_WAIT_UNKNOWN'],
      },
      isAction: true,
      answer: cancel,
    },
  ]
}

/** What `hooks.settle` throws for a bad call is the fault of the request here. */
function rethrow(error: unknown): never {
  const isBadCall =
    error instanceof CallbackError &&
    (error.code === 'ERR_WAIT_ID' || error.code === 'ERR_ENDPOINT_UNKNOWN' || error.code === 'ERR_ENDPOINT_AMBIGUOUS')
  throw isBadCall ? new CallbackError('ERR_REQUEST', { message: error.message, cause: error }) : error
}

function unknownWait(id: string): CallbackError {
  const message = `This process waits for nothing by the name ${quote(id)}; GET /waits lists its waits`
  return new CallbackError('ERR_WAIT_UNKNOWN', { message })
}
