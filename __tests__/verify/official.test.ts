import { afterAll, afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals'
import { closeOctokit } from './octokit'
import { OFFICIAL_SENDERS, type OfficialSender } from './official-senders'
import { NOW_S, type Sent, useVerify } from './use-verify'

const REFUSED = expect.stringMatching(/^The sender is not verified: /)

/** Only the date stands still: the packages read it, and have no other clock. */
const NOT_FAKED = [
  'hrtime',
  'nextTick',
  'performance',
  'queueMicrotask',
  'setImmediate',
  'clearImmediate',
  'setInterval',
  'clearInterval',
  'setTimeout',
  'clearTimeout',
] as const

beforeEach(() => void jest.useFakeTimers({ now: NOW_S * 1000, doNotFake: [...NOT_FAKED] }))
afterEach(() => void jest.useRealTimers())
afterAll(closeOctokit)

const JSON_BODY = '{"id":"7","text":"$& $$ $\' ${raw} ${timestamp}","n":1}'
const LARGE = `{"id":"7","text":"${'é$&'.repeat(16_384)}"}`

const BODIES: readonly (readonly [string, string])[] = [
  ['JSON', JSON_BODY],
  ['text beyond ASCII', '{"name":"Zoë 🚀 \u0000 \u2028","ключ":"значение"}'],
  ['what replacing takes for a pattern', "$& $$ $` $' $1"],
  ['line ends', '[{"event":"processed"}]\r\n'],
  ['a byte order mark', '\uFEFF{}'],
  ['64 KB', LARGE],
  ['nothing', ''],
]

const FORMS: readonly (readonly [string, string])[] = [
  ['a form', 'CallSid=CA123&From=%2B14158675310&To=%2B18005551212&Digits=1234'],
  ['text beyond ASCII', 'Body=Zo%C3%AB+%F0%9F%9A%80&From=x'],
  ['what replacing takes for a pattern', 'Body=%24%26+%24%24+%24%60&a=%24%27'],
  ['names that come several times', 'MediaUrl=b&MediaUrl=a&MediaUrl=b&Z=1&a=2'],
  ['64 KB', `Body=${'%C3%A9%24%26'.repeat(5500)}`],
  ['nothing', ''],
]

/** What the package says: false or an exception is a refusal. */
async function isAccepted({ accepts }: OfficialSender, sent: Sent): Promise<boolean> {
  try {
    return (await accepts(sent)) === true
  } catch {
    return false
  }
}

/** The same request with one byte changed, for each byte of a text; of a long one for some. */
function* changesOf(text: string, flips: readonly number[]): Generator<Buffer> {
  const bytes = Buffer.from(text)
  const step = bytes.length > 1000 ? 997 : 1
  for (let index = 0; index < bytes.length; index += step) {
    for (const flip of flips) {
      const changed = Buffer.from(bytes)
      changed[index] = (changed[index] ?? 0) ^ flip
      yield changed
    }
  }
}

function withHeader(sent: Sent, name: string, value: string): Sent {
  return { ...sent, headers: { ...sent.headers, [name]: value } }
}

describe.each(OFFICIAL_SENDERS)('what $name signs', (sender) => {
  const { verify, isForm, signsNoEmpty, affords = Infinity } = sender
  const { refusal } = useVerify(verify)
  const bodies = (isForm ? FORMS : BODIES).filter(([, raw]) => raw !== '' || !signsNoEmpty)
  const main = isForm ? (FORMS[0]?.[1] ?? '') : JSON_BODY
  const proof = [...new Set([sender.signature, sender.timestamp ?? sender.signature])]

  test.each(bodies)('is accepted, by it too: %s', async (_name, raw) => {
    const sent = await sender.sign(raw, NOW_S)
    expect(refusal(sent)).toBe(undefined)
    expect(await isAccepted(sender, sent)).toBe(true)
  })

  test.each(bodies)('is refused with any byte of the body changed, or one more or less: %s', async (_name, raw) => {
    const sent = await sender.sign(raw, NOW_S)
    // "%2b" and "%2B" are the same form.
    for (const other of changesOf(raw, isForm ? [0x01, 0x80] : [0x01, 0x20, 0x80]))
      expect([other.toString(), refusal({ ...sent, raw: other })]).toEqual([other.toString(), REFUSED])
    for (const other of [`${raw}x`, `x${raw}`, ...(raw === '' ? [] : [raw.slice(1), raw.slice(0, -1)])])
      expect(refusal({ ...sent, raw: other })).toEqual(REFUSED)
  })

  test('is refused by it, too, with a byte of the body changed', async () => {
    const sent = await sender.sign(main, NOW_S)
    for (const other of [...changesOf(main, [0x01])].slice(0, affords))
      expect([other.toString(), await isAccepted(sender, { ...sent, raw: other })]).toEqual([other.toString(), false])
  })

  test.each(proof)('is refused with any byte of %s changed', async (name) => {
    const sent = await sender.sign(main, NOW_S)
    const text = String(sent.headers?.[name])
    expect(text).not.toBe('undefined')
    for (const other of changesOf(text, [0x01, 0x02, 0x10, 0x20, 0x80])) {
      const changed = withHeader(sent, name, other.toString('latin1'))
      expect([other.toString('latin1'), refusal(changed)]).toEqual([other.toString('latin1'), REFUSED])
    }
  })

  test.each(proof)('is refused with %s cut, grown, empty, gone or doubled', async (name) => {
    const sent = await sender.sign(main, NOW_S)
    const text = String(sent.headers?.[name])
    for (const other of [text.slice(1), text.slice(0, -3), `${text}a`, `${text}aa`, `${text}é`, ''])
      expect([other, refusal(withHeader(sent, name, other))]).toEqual([other, REFUSED])
    const { [name]: _gone, ...rest } = sent.headers ?? {}
    expect(refusal({ ...sent, headers: rest })).toEqual(REFUSED)
    expect(refusal({ ...sent, headers: { ...rest, [name]: [text, text] } })).toMatch(/comes twice$/)
  })

  test('is refused by it, too, with a byte of the signature changed', async () => {
    const sent = await sender.sign(main, NOW_S)
    const text = String(sent.headers?.[sender.signature])
    for (const other of [...changesOf(text, [0x02])].slice(-24, -4)) {
      const changed = withHeader(sent, sender.signature, other.toString('latin1'))
      expect([other.toString('latin1'), await isAccepted(sender, changed)]).toEqual([other.toString('latin1'), false])
    }
  })

  test('is refused under another secret', async () => {
    const { scheme, secret } = verify
    if (scheme === 'discord' || scheme === 'sendgrid') return
    const other = useVerify({ scheme, secret: secret.replace(/.$/, (last) => (last === 'w' ? 'g' : 'w')) })
    expect(other.refusal(await sender.sign(main, NOW_S))).toEqual(REFUSED)
  })
})

describe.each(OFFICIAL_SENDERS.filter(({ tolerance }) => tolerance !== undefined))(
  'a time that $name signs',
  (sender) => {
    const { tolerance = 0 } = sender
    const { refusal } = useVerify(sender.verify)

    test.each([-tolerance, tolerance])('counts %i s from now', async (seconds) => {
      const sent = await sender.sign(JSON_BODY, NOW_S + seconds)
      expect(refusal(sent)).toBe(undefined)
      expect(await isAccepted(sender, sent)).toBe(true)
    })

    test('is too old or too young beyond, whatever the package says of it', async () => {
      const past = await sender.sign(JSON_BODY, NOW_S - tolerance - 1)
      const future = await sender.sign(JSON_BODY, NOW_S + tolerance + 1)
      expect([refusal(past), refusal(future)]).toEqual([
        expect.stringContaining('s old'),
        expect.stringContaining('in the future'),
      ])
      const accepted = [await isAccepted(sender, past), await isAccepted(sender, future)]
      expect(accepted).toEqual([sender.refusesPast === undefined, sender.refusesFuture === undefined])
    })

    test('cannot be put in the place of another one', async () => {
      const { timestamp = '' } = sender
      const old = await sender.sign(JSON_BODY, NOW_S - 10_000)
      const fresh = await sender.sign(`${JSON_BODY} `, NOW_S)
      const now = String(fresh.headers?.[timestamp])
      const written = String(old.headers?.[timestamp]).replace(/\d{10,13}/, /\d{10,13}/.exec(now)?.[0] ?? '')
      expect(refusal(withHeader(old, timestamp, written))).toEqual(REFUSED)
      expect(await isAccepted(sender, withHeader(old, timestamp, written))).toBe(false)
    })
  },
)
