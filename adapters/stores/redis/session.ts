import { isDoneWithin } from '../../../lib/base/timers'
import type { GivenRedis } from '../../../lib/base/given-clients'
import type { Clock, LedgerHandlers, Logger } from '../../../lib/base/contracts'
import { createAudit } from './audit'
import { createDialer } from './link/dial'
import { createDue } from './due'
import { createEntrance } from './entrance'
import { createUnavailable } from './errors'
import { createHealth } from './link/health'
import type { RedisLibrary } from './link/library'
import { createLink } from './link/link'
import { createListener, LEFT } from './link/listener'
import { createNames } from './names'
import { createRecords, type Records } from './records'
import { createSender } from './link/sender'

/** How long a store that is closed waits for its last commands, in milliseconds. */
const CLOSE_MS = 2_000

export interface SessionOptions {
  readonly url: string
  readonly given: GivenRedis | undefined
  readonly library: () => RedisLibrary
  /** The name of the server in messages. */
  readonly place: string
  /** The prefix of all keys: two apps on one server need two. */
  readonly prefix: string
  readonly clock: Clock
  readonly logger: Logger
}

/** What an open store has: its connections, and the work on them. */
export interface Session {
  readonly records: Records
  publish(text: string): Promise<void>
  close(): Promise<void>
}

/** Opens a store. Rejects with `ERR_STORE_UNAVAILABLE` or `ERR_CONFIG_UNSUPPORTED`; then nothing is left open. */
export async function openSession(options: SessionOptions, handlers: LedgerHandlers): Promise<Session> {
  const { place, prefix, clock, logger } = options
  const names = createNames(prefix)
  const dialer = createDialer(options)
  const health = createHealth({ place, clock, logger, onBack: () => handlers.onBack() })
  const entrance = createEntrance({
    names,
    prefix,
    place,
    clock,
    logger,
    onLost: () => health.lost('has lost its records'),
  })
  const { epoch, reenter } = entrance

  const link = createLink({
    clock,
    dial: () => dialer.dial(entrance.prepare),
    onUp() {
      sender.resume()
      health.up('commands')
    },
    onDown(cause) {
      health.down('commands')
      sender.pause(cause)
    },
    onFailure(cause) {
      health.failed(cause)
      sender.pause(cause)
    },
  })
  const sender = createSender({ place, clock, link, health, epoch, reenter })
  const listener = createListener({
    dialer,
    names,
    clock,
    health,
    onMessage: (message) => handlers.onMessage(message),
    onLeft: () => due.expect(0),
  })
  const due = createDue({ sender, names, handlers, clock, logger })
  const audit = createAudit({
    sender,
    names,
    clock,
    client: () => link.client,
    onGone: (count) => health.lost(`has removed ${count} records, since its memory is full`),
  })

  async function publish(text: string): Promise<void> {
    await sender.send({ run: 'publish', keys: [], args: [entrance.channel(), text] })
  }

  async function close(): Promise<void> {
    audit.close()
    await due.close()
    if (link.client !== undefined) publish(LEFT).catch(() => undefined)
    await isDoneWithin(clock, CLOSE_MS, sender.close())
    sender.stop()
    listener.close()
    link.close()
  }

  try {
    await link.open()
    await listener.open()
  } catch (error) {
    await close()
    throw createUnavailable(place, error)
  }
  due.start()
  audit.start()
  return {
    records: createRecords(sender, names, due.expect),
    publish,
    close,
  }
}
