import { afterEach, expect, test } from '@jest/globals'
import { type Running, runExample } from './run-example'

const TIMEOUT_MS = 30_000

let running: Running | undefined

afterEach(() => running?.stop())

async function run(folder: string): Promise<readonly string[]> {
  running = runExample(folder, ['index.mjs'])
  const { code, stdout, stderr } = await running.ended
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  return stdout
}

test(
  'express-mount answers an existing route when the callback has come, and shows what runs',
  async () => {
    expect(await run('express-mount')).toEqual([
      'GET /hello -> 200 {"hello":"world"}',
      'POST /images -> 200 {"prompt":"a cat","url":"https://images.example/task-1.png"}',
      'POST /images -> 502 {"error":"ERR_CALLBACK_FAILED","reason":"cannot be painted"}',
      expect.stringMatching(/^GET \/_callbacks\/health -> 200 \{"status":"ok",.*\}$/),
    ])
  },
  TIMEOUT_MS,
)

test(
  'polling-fallback finds what callbacks do not bring',
  async () => {
    expect(await run('polling-fallback')).toEqual([
      'prompt.mp3: "what is said in prompt.mp3", brought by its callback',
      'lost.mp3: "what is said in lost.mp3", found by asking',
      'late.mp3: "what is said in late.mp3", found by asking',
      'the late callback with "what is said in late.mp3" is a duplicate',
    ])
  },
  TIMEOUT_MS,
)

test(
  'any-of ends with the payment or its refusal, and has both the parcel and the invoice',
  async () => {
    expect(await run('any-of')).toEqual([
      'tea: paid 12 euros, parcel P-1, invoice I-1',
      'gold: ERR_CALLBACK_FAILED, the card is empty',
      'waits that are left open: 0',
    ])
  },
  TIMEOUT_MS,
)

test(
  'slack-events answers the handshake, and an event once although it comes twice',
  async () => {
    const lines = await run('slack-events')
    const said = (who: string): readonly string[] =>
      lines.filter((line) => line.startsWith(who)).map((line) => line.slice(who.length).trim())
    expect(said('slack').toSorted()).toEqual([
      'in C024BE91L the bot says: Processing complete: hello',
      'the Request URL is verified',
      'the event was answered with 200',
      'the event was answered with 200',
    ])
    expect(said('bot').map((line) => line.replace(/[\da-f]{8}-[-\da-f]+/, 'ID'))).toEqual([
      expect.stringMatching(/^listens on http:\/\/127\.0\.0\.1:\d+\/slack\/events$/),
      'event ID starts the workflow',
      'event ID came again, and starts nothing',
    ])
  },
  TIMEOUT_MS,
)

test(
  'trace prints one trace over the app, the workflow and the service',
  async () => {
    const [painted, answer, ...tree] = await run('trace')
    expect([painted, answer]).toEqual([
      'Painted https://images.example/a%20cat.png',
      '200 "https://images.example/a%20cat.png"',
    ])
    expect(tree.slice(0, 2)).toEqual(['POST /images (ok)', '  start image (ok)'])
    // Those that began in the same millisecond may stand in any order.
    expect(tree.slice(2).toSorted()).toEqual(
      [
        '    run image (succeeded)',
        '    job paint (paint succeeded)',
        '    wait POST /done (paint succeeded, linked to "paint the image")',
        '    POST (paint 202)',
        '      paint the image (ok)',
        '    job note (note succeeded)',
      ].toSorted(),
    )
  },
  TIMEOUT_MS,
)
