import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from '@jest/globals'
import { type Answer, type Provider, type Sent, useRecipe } from './use-recipe'

const AUDIENCE = 'https://app.example.com/pubsub'
const ACCOUNT = 'push@prints.iam.gserviceaccount.com'
const TOPIC = 'projects/prints/topics/videos'
const JOB = 'projects/123456789012/locations/europe-west1/jobs/7a1b2c'
const HOOK = 'https://app.example.com/pubsub'
const INPUT = { input: 'gs://prints/in.mov', output: 'gs://prints/out/' }

const google = generateKeyPairSync('rsa', { modulusLength: 2048 })
const other = generateKeyPairSync('rsa', { modulusLength: 2048 })

// The package finds credentials here; it asks for a token by them, which the fake gives.
const folder = mkdtempSync(join(tmpdir(), 'recipe-pubsub-'))
const credentials = join(folder, 'credentials.json')
const user = { type: 'authorized_user', client_id: 'id', client_secret: 'test-secret', refresh_token: 'test-refresh' }
writeFileSync(credentials, JSON.stringify(user))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const recipes = useRecipe('pubsub-transcoder', {
  PUSH_AUDIENCE: AUDIENCE,
  PUSH_ACCOUNT: ACCOUNT,
  PUBSUB_TOPIC: TOPIC,
  GOOGLE_PROJECT: 'prints',
  GOOGLE_REGION: 'europe-west1',
  GOOGLE_APPLICATION_CREDENTIALS: credentials,
})

/** A token as Pub/Sub has it (cloud.google.com/pubsub/docs/authenticate-push-subscriptions), with other claims. */
function createToken(claims: object = {}, key: KeyObject = google.privateKey): string {
  const seconds = Math.floor(Date.now() / 1000)
  const times = { iat: seconds - 1, exp: seconds + 3600 }
  const whose = { aud: AUDIENCE, email: ACCOUNT, email_verified: true, iss: 'https://accounts.google.com', sub: '11' }
  const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')
  const text = `${encode({ alg: 'RS256', kid: 'key-1', typ: 'JWT' })}.${encode({ ...whose, ...times, ...claims })}`
  return `${text}.${sign('RSA-SHA256', Buffer.from(text), key).toString('base64url')}`
}

/** What Pub/Sub pushes, wrapped, with the message of the Transcoder API. */
function push(job: object, token: string | undefined = createToken()): Sent {
  const data = Buffer.from(JSON.stringify({ job: { name: JOB, ...job } })).toString('base64')
  const message = { attributes: {}, data, messageId: '2070443601311540', publishTime: '2026-11-30T12:00:00.000Z' }
  const body = JSON.stringify({ message, subscription: 'projects/prints/subscriptions/videos' })
  return { body, headers: { 'content-type': 'application/json', ...(token && { authorization: `Bearer ${token}` }) } }
}

/** Plays Google; pushes before it answers that the job has begun. */
function createGoogle(statuses: number[], ...sents: readonly Sent[]): Provider {
  return async ({ url, headers, text }, recipe) => {
    if (url.startsWith('https://oauth2.googleapis.com/token'))
      return Response.json({ access_token: 'ya29.test', expires_in: 3600, token_type: 'Bearer' })
    if (url.startsWith('https://www.googleapis.com/oauth2/v1/certs'))
      return Response.json({ 'key-1': google.publicKey.export({ format: 'pem', type: 'spki' }) })
    expect(url).toBe('https://transcoder.googleapis.com/v1/projects/prints/locations/europe-west1/jobs')
    expect(headers.get('authorization')).toBe('Bearer ya29.test')
    expect(JSON.parse(text)).toMatchObject({
      inputUri: INPUT.input,
      outputUri: INPUT.output,
      config: { pubsubDestination: { topic: TOPIC } },
    })
    for (const sent of sents) statuses.push((await recipe.callBack(HOOK, sent)).status)
    return Response.json({ name: JOB, state: 'PENDING', config: {} })
  }
}

const DONE: Answer = { status: 200, body: { job: JOB, output: INPUT.output } }
const FAILED = { state: 'FAILED', error: { code: 3, message: 'The input could not be read' } }

describe('the recipe for the Transcoder API and Pub/Sub', () => {
  test.each<[string, readonly Sent[], readonly number[], Answer]>([
    ['answers when the job is done, also when the message comes first', [push({ state: 'SUCCEEDED' })], [200], DONE],
    [
      'passes over the jobs of others, and refuses tokens that are forged, old, or of somebody else',
      [
        push({ ...FAILED, name: `${JOB}-of-others` }),
        push(FAILED, ''),
        push(FAILED, 'no-token'),
        push(FAILED, createToken({}, other.privateKey)),
        push(FAILED, createToken({ aud: 'https://another.example.com' })),
        push(FAILED, createToken({ email: 'mallory@example.com' })),
        push(FAILED, createToken({ email_verified: false })),
        push(FAILED, createToken({ iat: 1_700_000_000, exp: 1_700_003_600 })),
        push({ state: 'SUCCEEDED' }),
      ],
      [200, 401, 401, 401, 401, 401, 401, 401, 200],
      DONE,
    ],
    [
      'answers 502 with the reason of a job that failed',
      [push(FAILED)],
      [200],
      { status: 502, body: { error: 'ERR_CALLBACK_FAILED', message: expect.stringContaining(FAILED.error.message) } },
    ],
  ])('%s', async (_title, sents, expected, answered) => {
    const statuses: number[] = []
    const recipe = await recipes.start(createGoogle(statuses, ...sents))
    expect(await recipe.ask('/videos', INPUT)).toEqual(answered)
    expect(statuses).toEqual(expected)
  })

  test.each<[string, string, object | undefined]>([
    ['no token', 'The verifyIdToken method requires an ID Token', undefined],
    ['another audience', 'Wrong recipient, payload audience != requiredAudience', { aud: 'https://x.example.com' }],
    ['another account', 'it is a token of mallory@example.com', { email: 'mallory@example.com' }],
  ])('logs why a callback is refused: %s', async (_title, reason, claims) => {
    const recipe = await recipes.start(createGoogle([]))
    const told = recipe.says(`POST /pubsub refused a callback: ${reason}`)
    await recipe.callBack(HOOK, push(FAILED, claims === undefined ? '' : createToken(claims)))
    await told
  })

  test.each([
    [403, 'Permission denied on resource project prints.'],
    [400, 'The specified bucket does not exist'],
    [404, 'The location europe-west9 was not found'],
  ])('answers 502 for %i, and quotes Google', async (code, message) => {
    const others = createGoogle([])
    const recipe = await recipes.start((asked, one) =>
      asked.url.includes('transcoder')
        ? Response.json({ error: { code, message, status: 'PERMISSION_DENIED' } }, { status: code })
        : others(asked, one),
    )
    const { status, body } = await recipe.ask('/videos', INPUT)
    expect({ status, body }).toEqual({ status: 502, body: { error: expect.anything(), message } })
  })
})
