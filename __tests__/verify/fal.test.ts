import { createHash, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { describe, expect, test } from '@jest/globals'
import { CallbackError } from '../../lib/base/errors'
import { NOW_S, reasonOf, type Sent, useVerify, type Verified } from './use-verify'

const RAW = '{"request_id":"7"}'
const one = generateKeyPairSync('ed25519')
const other = generateKeyPairSync('ed25519')
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })

function falSent(key: KeyObject, timestamp = NOW_S, raw = RAW): Sent {
  const content = `req-1\nuser-1\n${timestamp}\n${createHash('sha256').update(raw).digest('hex')}`
  return {
    raw,
    headers: {
      'X-Fal-Webhook-Request-Id': 'req-1',
      'X-Fal-Webhook-User-Id': 'user-1',
      'X-Fal-Webhook-Timestamp': String(timestamp),
      'X-Fal-Webhook-Signature': sign(null, Buffer.from(content), key).toString('hex'),
    },
  }
}

function jwks(...keys: readonly { readonly publicKey: KeyObject }[]): () => Response {
  return () => Response.json({ keys: keys.map(({ publicKey }) => publicKey.export({ format: 'jwk' })) })
}

/** fal, whose keys a test can change. */
function useFal(answer: () => Response | Promise<Response>) {
  const state = { answer, urls: [] as string[] }
  const fetch: typeof globalThis.fetch = async (url) => {
    state.urls.push(String(url))
    return await state.answer()
  }
  const verified = useVerify({ scheme: 'fal' }, { fetch })
  return { ...verified, state, refusal: (sent: Sent) => refusalOf(verified, sent) }
}

async function refusalOf(verified: Verified, sent: Sent): Promise<string | undefined> {
  try {
    await verified.verify(sent)
    return undefined
  } catch (error) {
    if (error instanceof CallbackError && error.code === 'ERR_SENDER_UNAVAILABLE') return error.message
    return reasonOf(error)
  }
}

const REFUSED = expect.stringMatching(/^The sender is not verified: /)

describe('fal', () => {
  test('is verified by any key of its JWKS', async () => {
    const { refusal, state } = useFal(jwks(rsa, other, one))
    expect(await refusal(falSent(one.privateKey))).toBe(undefined)
    expect(await refusal(falSent(other.privateKey))).toBe(undefined)
    expect(state.urls).toEqual(['https://rest.fal.ai/.well-known/jwks.json'])
  })

  test('is refused with any byte changed, with a header missing, and at another time', async () => {
    const { refusal } = useFal(jwks(one))
    const sent = falSent(one.privateKey)
    expect(await refusal(sent)).toBe(undefined)
    for (const [name, value] of Object.entries(sent.headers ?? {})) {
      for (let index = 0; index < value.length; index += 1) {
        const bytes = Buffer.from(String(value))
        bytes[index] = (bytes[index] ?? 0) ^ 1
        expect(await refusal({ ...sent, headers: { ...sent.headers, [name]: bytes.toString('latin1') } })).toEqual(
          REFUSED,
        )
      }
      const { [name]: _left, ...rest } = sent.headers ?? {}
      expect(await refusal({ ...sent, headers: rest })).toEqual(REFUSED)
      expect(await refusal({ ...sent, headers: { ...rest, [name]: [String(value), String(value)] } })).toMatch(
        /comes twice$/,
      )
    }
    for (const index of Buffer.from(RAW).keys()) {
      const raw = Buffer.from(RAW)
      raw[index] = (raw[index] ?? 0) ^ 1
      expect(await refusal({ ...sent, raw })).toEqual(REFUSED)
    }
    expect(await refusal(falSent(one.privateKey, NOW_S - 301))).toContain('301 s old')
    expect(await refusal(falSent(one.privateKey, NOW_S + 301))).toContain('301 s in the future')
  })

  test('is asked for its keys once by requests that come together, and not for one that is refused before', async () => {
    const { refusal, state } = useFal(jwks(one))
    expect(await refusal({ raw: RAW })).toContain('it has no signature')
    expect(await refusal(falSent(one.privateKey, 1))).toContain('s old')
    expect(state.urls.length).toBe(0)
    const all = Array.from({ length: 20 }, () => refusal(falSent(one.privateKey)))
    expect(new Set(await Promise.all(all))).toEqual(new Set([undefined]))
    expect(state.urls.length).toBe(1)
  })

  test('is asked again when no key fits, once a minute', async () => {
    const { refusal, state, clock } = useFal(jwks(one))
    expect(await refusal(falSent(one.privateKey))).toBe(undefined)
    state.answer = jwks(other)
    for (let times = 0; times < 5; times += 1)
      expect(await refusal(falSent(other.privateKey))).toContain('no published key')
    clock.advance(59_999)
    expect(await refusal(falSent(other.privateKey))).toEqual(REFUSED)
    expect(state.urls.length).toBe(1)
    clock.advance(1)
    expect(await Promise.all([refusal(falSent(other.privateKey)), refusal(falSent(other.privateKey))])).toEqual([
      undefined,
      undefined,
    ])
    expect(await refusal(falSent(one.privateKey))).toEqual(REFUSED)
    expect(state.urls.length).toBe(2)
  })

  test('keeps its keys a day and no longer, also when they cannot be fetched again', async () => {
    const { refusal, state, clock } = useFal(jwks(one))
    const day = 86_400
    expect(await refusal(falSent(one.privateKey))).toBe(undefined)
    state.answer = () => new Response('', { status: 500 })
    clock.advance(day * 1000 - 1)
    expect(await refusal(falSent(one.privateKey, NOW_S + day))).toBe(undefined)
    clock.advance(1)
    expect(await refusal(falSent(one.privateKey, NOW_S + day))).toContain('keys could not be fetched')
    expect(state.urls.length).toBe(2)
  })

  test.each<[string, () => Response | Promise<Response>]>([
    ['does not answer', () => Promise.reject(new TypeError('fetch failed'))],
    ['answers an error', () => new Response('', { status: 503 })],
    ['answers no JSON', () => new Response('<html>')],
    ['answers null', () => Response.json(null)],
    ['answers no keys', () => Response.json({ keys: [] })],
    ['answers keys of another kind', jwks(rsa)],
    [
      'answers keys that are none',
      () => Response.json({ keys: [null, 7, { x: 'AA' }, { x: 'A'.repeat(43) }, { x: '!' }] }),
    ],
    ['answers without end', () => new Response('x'.repeat(65_537))],
  ])('that %s is asked again 5 s later', async (_name, answer) => {
    const { refusal, state, clock } = useFal(answer)
    expect(await refusal(falSent(one.privateKey))).toContain('the published keys could not be fetched')
    state.answer = jwks(one)
    expect(await refusal(falSent(one.privateKey))).toContain('the published keys could not be fetched')
    clock.advance(5000)
    expect(await refusal(falSent(one.privateKey))).toBe(undefined)
    expect([state.urls.length, clock.timers]).toEqual([2, 0])
  })

  test('that cannot be asked for new keys has its callbacks sent again, instead of taking them for forged', async () => {
    const { verify, state, clock } = useFal(jwks(one))
    await verify(falSent(one.privateKey))
    await expect(verify(falSent(other.privateKey))).rejects.toMatchObject({ code: 'ERR_UNVERIFIED' })
    clock.advance(60_000)
    state.answer = () => Promise.reject(new TypeError('fetch failed'))
    for (let times = 0; times < 2; times += 1)
      await expect(verify(falSent(other.privateKey))).rejects.toMatchObject({ code: 'ERR_SENDER_UNAVAILABLE' })
    await verify(falSent(one.privateKey))
    state.answer = jwks(one, other)
    clock.advance(60_000)
    await verify(falSent(other.privateKey))
    await expect(verify(falSent(rsa.privateKey))).rejects.toMatchObject({ code: 'ERR_UNVERIFIED' })
  })

  test('is asked at its own address, and nobody may send the question elsewhere', async () => {
    const asked: (readonly [string, string | undefined])[] = []
    const fetch: typeof globalThis.fetch = async (url, init) => {
      asked.push([String(url), init?.redirect])
      return jwks(one)()
    }
    const { headers = {}, ...sent } = falSent(one.privateKey)
    const led = { ...headers, host: 'evil.example', 'x-fal-webhook-jwks': 'https://evil.example', kid: 'other' }
    expect(await refusalOf(useVerify({ scheme: 'fal' }, { fetch }), { ...sent, headers: led })).toBe(undefined)
    expect(asked).toEqual([['https://rest.fal.ai/.well-known/jwks.json', 'error']])
  })

  test('signs for all its users: one is told apart by what is signed', async () => {
    const signed = '${header.x-fal-webhook-request-id}\nuser-1\n${timestamp}\n${sha256}'
    const fetch: typeof globalThis.fetch = async () => jwks(one)()
    const ours = useVerify({ scheme: 'fal', signed }, { fetch })
    const theirs = useVerify({ scheme: 'fal', signed: signed.replace('user-1', 'user-2') }, { fetch })
    expect(await refusalOf(ours, falSent(one.privateKey))).toBe(undefined)
    expect(await refusalOf(theirs, falSent(one.privateKey))).toContain('no published key fits')
  })

  test('that hangs is given up after ten seconds', async () => {
    let signal: AbortSignal | null | undefined
    const fetch: typeof globalThis.fetch = (_url, init) =>
      new Promise((_resolve, reject) => {
        signal = init?.signal
        signal?.addEventListener('abort', () => reject(new Error('aborted')))
      })
    const verified = useVerify({ scheme: 'fal' }, { fetch })
    const refused = refusalOf(verified, falSent(one.privateKey))
    verified.clock.advance(10_000)
    expect(await refused).toContain('could not be fetched')
    expect([signal?.aborted, verified.clock.timers]).toEqual([true, 0])
  })
})
