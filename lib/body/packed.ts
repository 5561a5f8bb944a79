import type { ServerResponse } from 'node:http'
import type { CallbackError } from '../base/errors'
import type { Clock } from '../base/contracts'
import { beforeDeadline, startTimer } from '../base/timers'
import { aborted, consumed, tooLarge, tooSlow } from './errors'
import type { ListenerRequest } from './request'

/** Starts to read a body of the encoding; undefined where the encoding is not one that body-parser undoes. */
export type ReadPacked = (
  encoding: string,
  request: ListenerRequest,
  response: ServerResponse,
) => Promise<Buffer> | undefined

type Parse = ReturnType<typeof import('body-parser').raw>

const EMPTY = Buffer.alloc(0)

/**
 * Creates a reader of bodies in gzip or br by body-parser, which unpacks as bytes arrive and stops at `limitBytes`. It does
 * not read `deflate`, since some senders leave out its head. The library is loaded by the first such body.
 * Rejects with `ERR_BODY_TOO_LARGE`, `ERR_BODY_ABORTED`, `ERR_BODY_CONSUMED`, and `ERR_BODY_TIMEOUT` after `deadlineMs`.
 */
export function createPackedReader(limitBytes: number, deadlineMs: number, clock: Clock): ReadPacked {
  let parse: Parse | undefined
  return (encoding, request, response) => {
    if (!/^(?:gzip|br)$/i.test(encoding)) return undefined
    const { raw }: typeof import('body-parser') = require('body-parser')
    parse ??= raw({ type: () => true, limit: limitBytes })
    return beforeDeadline(read(parse, request, response), (_resolve, reject) =>
      startTimer(clock, deadlineMs, () => reject(tooSlow(deadlineMs))),
    )
  }
}

function read(parse: Parse, request: ListenerRequest, response: ServerResponse): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    if (request.destroyed) return reject(aborted())
    parse(request, response, (error?: unknown) => {
      if (error !== undefined) reject(toRefusal(error))
      else resolve(Buffer.isBuffer(request.body) ? request.body : EMPTY)
    })
  })
}

/** Reads the refusals of body-parser by the status that it gives them. */
function toRefusal(error: unknown): CallbackError {
  const status = typeof error === 'object' && error !== null && 'status' in error ? error.status : undefined
  if (status === 413) return tooLarge()
  return status === 500 ? consumed(false) : aborted(error)
}
