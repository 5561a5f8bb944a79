import { createEvent } from '../../send/events/events'
import { type Provider, runs, type Signing, testRun } from './provider'

/** The body that fal sends, with the id that the test knows. */
const FAL_EVENT = createEvent({ provider: 'fal', event: undefined }, 0)
const FAL_BODY = { ...Object(FAL_EVENT?.body), request_id: 'request-1', gateway_request_id: 'request-1' }

const FAL_SIGNING: Signing = {
  imports: { 'node:crypto': '{ createHash, generateKeyPairSync, sign }' },
  code: [
    ...`const sent = ${toSource(FAL_BODY)}`.split('\n'),
    '',
    `const { privateKey, publicKey } = generateKeyPairSync('ed25519') // stands in for the key of fal`,
    '',
    '/** Sends a callback as fal does; `isForged`: not signed by its key. */',
    'async function callBack(url, isForged = false) {',
    '  const body = JSON.stringify(sent)',
    '  const seconds = String(Math.floor(Date.now() / 1000))',
    `  const digest = createHash('sha256').update(body).digest('hex')`,
    `  const text = ['request-1', 'user-1', seconds, digest].join('\\n')`,
    '  const headers = {',
    `    'content-type': 'application/json',`,
    `    'x-fal-webhook-request-id': 'request-1',`,
    `    'x-fal-webhook-user-id': 'user-1',`,
    `    'x-fal-webhook-timestamp': seconds,`,
    `    'x-fal-webhook-signature': sign(null, Buffer.from(isForged ? 'another text' : text), privateKey).toString('hex'),`,
    '  }',
    `  const { status } = await fetch(url, { method: 'POST', headers, body })`,
    '  assert.equal(status, isForged ? 401 : 200)',
    '}',
    '',
    '/** The keys that fal publishes. */',
    `const keys = () => Response.json({ keys: [publicKey.export({ format: 'jwk' })] })`,
  ],
}

export const FAL: Provider = {
  label: 'fal',
  scheme: 'fal',
  path: '/fal',
  about: 'POST /images queues a request at fal, waits for its callback, and answers with the images',
  setup: [
    'Nothing is to be set up there: each request names its webhook, and fal publishes the keys that it signs with.',
  ],
  variables: [{ name: 'FAL_KEY', text: 'https://fal.ai/dashboard/keys', example: 'key:test' }],
  namesUrl: true,
  endpoint: [
    'identify_by: ${body.request_id} # which request it is about',
    'status: ${body.status}',
    'success_when: [OK]',
    'fail_when: [ERROR]',
    'result: ${body.payload.images} # what the wait resolves with',
    'error: ${body.error} # what a failed wait says',
  ],
  rest: [
    'components:',
    '  fal:',
    '    base_url: https://queue.fal.run',
    '    path: /fal-ai/flux/schnell',
    '    headers:',
    '      Authorization: Key ${env.FAL_KEY}',
    '    params:',
    '      fal_webhook: ${callback.url} # the URL of the endpoint above; the job waits because it is here',
    '    body:',
    '      prompt: ${input.prompt}',
    '    output: ${result}',
    '',
    'workflow:',
    '  jobs:',
    '    - component: fal',
    '      timeout: 10m',
  ],
  app: runs('/images'),
  signing: FAL_SIGNING,
  test: testRun({
    label: 'fal',
    route: '/images',
    input: `{ prompt: 'a cat' }`,
    parameters: 'api',
    first: [`if (String(api).endsWith('/jwks.json')) return keys()`],
    callbackUrl: `new URL(api).searchParams.get('fal_webhook')`,
    answer: `{ request_id: 'request-1', status: 'IN_QUEUE' }`,
    expected: 'sent.payload.images',
  }),
}

/** Writes a value as JavaScript, as prettier would. */
function toSource(value: unknown): string {
  const json = JSON.stringify(value, undefined, 2)
    .replace(/"(\w+)":/g, '$1:')
    .replaceAll('"', "'")
  const short = json.replace(/\[\n\s*([^\n{[]+)\n\s*\]/g, '[$1]')
  return short.replace(/([^{[,])$/gm, '$1,').replace(/,$/, '')
}
