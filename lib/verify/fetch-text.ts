import { withinLimit } from '../base/timers'
import type { Clock } from '../base/contracts'

/** What requests to a sender's own hosts are made with. */
export interface SenderWorld {
  readonly clock: Clock
  readonly fetch: typeof globalThis.fetch
}

const DEADLINE_MS = 10_000
const MAX_BYTES = 65_536

/** An answer of a sender's host that another try would not improve. */
export class SenderAnswer extends Error {}

/**
 * Asks a host of the sender by GET and returns the text of its answer: within 10 seconds, 64 kB at most, and without
 * following redirects. Throws a {@link SenderAnswer} for a status from 300 to 499, and the errors of `fetch`.
 */
export async function fetchText({ clock, fetch }: SenderWorld, url: string): Promise<string> {
  const { host } = new URL(url)
  return withinLimit({ clock, limitMs: DEADLINE_MS, tooLate }, async (signal) => {
    const answer = await fetch(url, { redirect: 'error', signal })
    if (!answer.ok) {
      const message = `${host} answered ${answer.status}`
      throw answer.status < 500 ? new SenderAnswer(message) : new Error(message)
    }
    return readText(answer, host)
  })
}

function tooLate(): Error {
  return new Error('it took longer than 10 s')
}

async function readText(answer: Response, host: string): Promise<string> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of answer.body ?? []) {
    size += chunk.length
    if (size > MAX_BYTES) throw new SenderAnswer(`${host} answered more than ${MAX_BYTES} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString()
}
