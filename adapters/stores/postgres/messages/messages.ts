import type { Clock } from '../../../../lib/base/contracts'
import type { Connection } from '../connections/connection'
import type { Connections } from '../connections/connections'
import type { PgNotification } from '../connections/library'
import type { Source } from '../connections/sources'
import { WAKE } from '../operations'
import { quoteName } from '../tables/schema-name'
import { createPolling } from './polling'
import { createProbe } from './probe'

/** Begins a payload that only names its message. */
const REFERENCE = '#'

export interface MessagesOptions {
  readonly connections: Connections
  readonly source: Source
  readonly clock: Clock
  readonly channel: string
  /** The schema, quoted. */
  readonly schema: string
  onMessage(message: unknown): void
  /** Called when another process has made a record due. */
  onWake(): void
}

/** The messages of all processes. */
export interface Messages {
  /** Listens on a connection, or begins to ask for messages where a pooler allows no LISTEN. */
  listen(connection: Connection): Promise<void>
  onNotification(notification: PgNotification): void
  /** A message was published here. */
  expect(): void
  close(): void
}

/** Creates what hears messages: by LISTEN, or by polling. */
export function createMessages(options: MessagesOptions): Messages {
  const { connections, channel, schema, onMessage, onWake } = options
  const closing = new AbortController()
  const { signal } = closing
  const polling = createPolling({ ...options, signal, onText: hear })
  const probe = createProbe({ ...options, signal })
  let fetching: Promise<void> | undefined

  function hear(text: string): void {
    if (text === WAKE) return onWake()
    polling.touch()
    for (const message of JSON.parse(text) as readonly unknown[]) onMessage(message)
  }

  /** Messages that arrive while a long one is fetched wait for it. */
  function inTurn(work: () => Promise<void>): void {
    const turn = takeTurn(fetching, work)
    fetching = turn
    void forget(turn)
  }

  async function forget(turn: Promise<void>): Promise<void> {
    await turn
    if (fetching === turn) fetching = undefined
  }

  async function fetch(id: string): Promise<void> {
    const text = `SELECT body FROM ${schema}.message WHERE id = $1`
    const [[body] = []] = await connections.lend((connection) => connection.query(text, [id]))
    if (body !== undefined) hear(String(body))
  }

  return {
    async listen(connection) {
      await connection.query(`LISTEN ${quoteName(channel)}`)
      if (connection.isDirect || (await probe.isHeard())) return polling.stop()
      await connection.query('UNLISTEN *')
      await polling.start(connection)
    },
    onNotification({ channel: heard, payload = '' }) {
      if (heard !== channel || polling.isOn() || probe.take(payload)) return
      if (payload.startsWith(REFERENCE)) inTurn(() => fetch(payload.slice(REFERENCE.length)))
      else if (fetching !== undefined) inTurn(async () => hear(payload))
      else hear(payload)
    },
    expect: polling.touch,
    close() {
      closing.abort()
      polling.stop()
    },
  }
}

/** Does the work after the turn before it; a message that cannot be fetched is lost. */
async function takeTurn(before: Promise<void> | undefined, work: () => Promise<void>): Promise<void> {
  await before
  await work().catch(() => undefined)
}
