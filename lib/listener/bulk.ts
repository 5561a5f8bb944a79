import { setImmediate } from 'node:timers/promises'
import { ANSWER_STATUS, CallbackError, reasonOf } from '../base/errors'
import type { Emitter } from '../base/events'
import { toAnswerCode } from './answer'
import type { ReceiveItem } from './item'
import { requestEvent, type RequestScope } from './request-scope'

/** How many items are delivered before other work gets its turn. */
const SLICE = 500

/**
 * Compiles the work on a bulk callback. One bad item never stops the others. Rejects when all items are bad (`ERR_ITEMS`,
 * `ERR_UNVERIFIED` when one was forged, or `ERR_RESULT_SCHEMA` when a schema refuses one), when one could not be kept, and with `ERR_ITEMS` for a value that is no list.
 */
export function compileBulk(
  name: string,
  receiveItem: ReceiveItem,
  emitter: Emitter,
): (found: unknown, scope: RequestScope) => Promise<void> {
  return async (found, scope) => {
    const items = toItems(found)
    scope.course?.countItems()
    const faults = createFaults(items.length)
    let own = scope
    let underWay: Promise<void>[] = []

    function note(error: unknown, { item }: RequestScope): void {
      emitter.record('rejected', name, () => ({ ...requestEvent(name, scope), body: item, error }))
      scope.course?.refuseItem(toAnswerCode(error), reasonOf(error))
      faults.add(error)
    }

    for (const [index, item] of items.entries()) {
      if (index > 0 && index % SLICE === 0) {
        await Promise.all(underWay)
        await setImmediate()
        underWay = []
      }
      own.item = item
      own.index = index
      try {
        const result = receiveItem(own)
        if (typeof result === 'string') continue
        // A store that is still writing reads this scope, and a whole slice is written together.
        const kept = own
        underWay.push(result.then(ignore, (error: unknown) => note(error, kept)))
        own = scope.another()
      } catch (error) {
        note(error, own)
      }
    }
    await Promise.all(underWay)
    if (own !== scope) Object.assign(scope, { item: items.at(-1), index: items.length - 1 })
    faults.throwIfRefused()
  }
}

function ignore(): void {}

/** Collects the errors of items, and decides over the request as a whole. */
function createFaults(count: number) {
  let bad = 0
  let unkept: unknown
  let forged: unknown
  let unfit: unknown
  return {
    add(error: unknown): void {
      const status = ANSWER_STATUS[toAnswerCode(error)]
      if (status === 401) forged ??= error
      if (status === 422) unfit ??= error
      if (status === 400 || status === 401 || status === 422) bad += 1
      else unkept ??= error
    },
    throwIfRefused(): void {
      if (unkept !== undefined) throw unkept
      if (bad === 0 || bad < count) return
      if (forged !== undefined) throw forged
      if (unfit !== undefined) throw unfit
      throw new CallbackError('ERR_ITEMS', { message: `None of the ${bad} items of a bulk callback could be used` })
    },
  }
}

/** Returns the items of a bulk callback; a sender that has a single item may write it without the list. */
function toItems(value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value
  if (typeof value === 'object' && value !== null && !Buffer.isBuffer(value)) return [value]
  const found = value === null || value === undefined ? 'nothing' : typeof value
  throw new CallbackError('ERR_ITEMS', { message: `A bulk callback must hold a list; "item" gave ${found}` })
}
