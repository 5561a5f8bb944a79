import { createPublicKey, type KeyObject } from 'node:crypto'
import { fetchText, SenderAnswer, type SenderWorld } from '../fetch-text'
import { unavailable, unverified } from '../errors'

/** The keys of certificates at URLs of Amazon's own. */
export interface Certificates {
  /**
   * Returns the key of the certificate at a URL. Throws `ERR_UNVERIFIED` when there is none, and
   * `ERR_SENDER_UNAVAILABLE` when it cannot be fetched now.
   */
  keyOf(url: string): Promise<KeyObject>
}

interface Known {
  readonly key: KeyObject
  readonly until: number
}

const KEEP_MS = 86_400_000
/** Amazon has one certificate in use for each region, and changes it about once a year. */
const MAX_KNOWN = 50
/** How many unknown URLs are asked in a minute, so that forged messages cause little traffic. */
const MAX_UNKNOWN = 10
const MINUTE_MS = 60_000

/** Creates the keys of Amazon SNS: each is fetched once for all messages that wait for it, and kept for a day. */
export function createCertificates(world: SenderWorld): Certificates {
  const { clock } = world
  const known = new Map<string, Known>()
  const fetching = new Map<string, Promise<KeyObject>>()
  let asked: readonly number[] = []

  function noteUnknown(): void {
    const now = clock.now()
    asked = asked.filter((at) => at > now - MINUTE_MS)
    if (asked.length >= MAX_UNKNOWN) throw unavailable('too many certificates that are not known were asked for')
    asked = [...asked, now]
  }

  async function load(url: string): Promise<KeyObject> {
    try {
      const key = parseKey(await fetchText(world, url))
      known.delete(url)
      known.set(url, { key, until: clock.now() + KEEP_MS })
      const [oldest] = known.size > MAX_KNOWN ? known.keys() : []
      if (oldest !== undefined) known.delete(oldest)
      return key
    } catch (error) {
      if (error instanceof SenderAnswer) throw unverified('its certificate is none of Amazon', error)
      throw unavailable('the certificate of Amazon could not be fetched', error)
    } finally {
      fetching.delete(url)
    }
  }

  return {
    async keyOf(url) {
      const found = known.get(url)
      if (found !== undefined && clock.now() < found.until) return found.key
      const running = fetching.get(url)
      if (running) return running
      if (found === undefined) noteUnknown()
      const loading = load(url)
      fetching.set(url, loading)
      return loading
    },
  }
}

function parseKey(text: string): KeyObject {
  let key: KeyObject | undefined
  try {
    key = createPublicKey(text)
  } catch {
    // The message of OpenSSL helps nobody.
  }
  if (key?.asymmetricKeyType !== 'rsa') throw new SenderAnswer('it is no certificate of an RSA key')
  return key
}
