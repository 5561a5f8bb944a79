import { randomBytes } from 'node:crypto'
import type { Clock, Logger } from '../../../lib/base/contracts'
import { askServer, checkServer, refuseOldStore, warnOfPolicy } from './check'
import type { RedisClient } from './link/library'
import type { Names } from './names'
import { ENTER_SCRIPT } from './scripts'
import { ANSWER_MS, answerWithin, loadScripts } from './link/wire'

export interface EntranceOptions {
  readonly names: Names
  readonly prefix: string
  readonly place: string
  readonly clock: Clock
  readonly logger: Logger
  /** Called when the server has lost the records of the store. */
  onLost(): void
}

/** Enters the store on a connection, and notices when the server has been emptied since. */
export interface Entrance {
  /** The epoch of the store; empty before the first entry. */
  epoch(): string
  /** The channel of messages. */
  channel(): string
  /** Checks the server of a new connection, and enters the store. Rejects with what is wrong with the server. */
  prepare(client: RedisClient): Promise<void>
  /** Enters the store again after the server has lost the records or the scripts. */
  reenter(client: RedisClient): Promise<void>
}

export function createEntrance({ names, prefix, place, clock, logger, onLost }: EntranceOptions): Entrance {
  let epoch = ''
  let channel = ''

  /** Reads the epoch of the store, or begins one. When it is not the epoch of before, the server was emptied. */
  async function reenter(client: RedisClient): Promise<void> {
    const args = ['1', names.due, randomBytes(9).toString('base64url')]
    const found = String(await answerWithin(clock, ANSWER_MS, client.call('EVAL', ENTER_SCRIPT.text, ...args)))
    const before = epoch
    epoch = found
    if (before !== '' && before !== found) onLost()
    await loadScripts(clock, client, names.due)
  }

  return {
    epoch: () => epoch,
    channel: () => channel,
    async prepare(client) {
      const info = await answerWithin(clock, ANSWER_MS, askServer(client))
      checkServer(info)
      const isFirst = epoch === ''
      if (isFirst) await answerWithin(clock, ANSWER_MS, refuseOldStore(client, prefix, place))
      await reenter(client)
      channel = names.channel(client.options['db'])
      if (isFirst) warnOfPolicy(info, place, logger)
    },
    reenter,
  }
}
