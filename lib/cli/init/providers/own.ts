import { IMAGE, type Provider, runs, STANDARD_SECRET, testRun } from './provider'

/** A service of one's own, whose tasks the callback names. */
const OWN = [
  'components:',
  '  service:',
  '    endpoint: ${env.SERVICE_URL}',
  '    headers:',
  '      Authorization: Bearer ${env.SERVICE_TOKEN}',
  '    body: # as the service wants it',
  '      prompt: ${input.prompt}',
  '      callback_url: ${callback.url} # the URL of the endpoint above; the job waits because it is here',
  '    output: ${result}',
  '',
  'workflow:',
  '  jobs:',
  '    - component: service',
  '      timeout: 10m',
]

const OWN_VARIABLES = [
  { name: 'SERVICE_URL', text: 'where the service takes tasks', example: 'https://api.example.com/tasks' },
  { name: 'SERVICE_TOKEN', text: 'what the service knows you by', example: 'test-token' },
]

const OWN_TEST = {
  label: 'the service',
  route: '/tasks',
  input: `{ prompt: 'a cat' }`,
  parameters: '_api, { body }',
  callbackUrl: 'JSON.parse(body).callback_url',
  answer: `{ id: 'task-1', status: 'queued' }, { status: 202 }`,
}

const OWN_ABOUT = 'POST /tasks gives the service a task, waits for its callback, and answers with the result'

export const STANDARD_WEBHOOKS: Provider = {
  label: 'the service',
  scheme: 'standard-webhooks',
  path: '/done',
  about: OWN_ABOUT,
  setup: ['Nothing is to be set up there where a request names its callback URL, as below.'],
  variables: [
    { name: 'WEBHOOK_SECRET', text: 'the secret that the service shows, whsec_…', example: STANDARD_SECRET },
    ...OWN_VARIABLES,
  ],
  namesUrl: true,
  endpoint: [
    'identify_by: ${body.data.id} # which task it is about',
    'status: ${body.data.status}',
    'success_when: [completed]',
    'fail_when: [failed]',
    'result: ${body.data.result} # what the wait resolves with',
    'error: ${body.data.error} # what a failed wait says',
  ],
  rest: OWN,
  app: runs('/tasks'),
  sends: ['--provider', 'standard-webhooks'],
  test: testRun({ ...OWN_TEST, sends: `'--set', 'data.id=task-1'`, expected: `{ url: '${IMAGE}' }` }),
}

export const GENERIC: Provider = {
  label: 'the service',
  scheme: 'hmac',
  verify: ['signature: ${header.X-Signature} # the HMAC of the body, in hex', 'prefix: sha256='],
  path: '/done',
  about: OWN_ABOUT,
  setup: [
    'Nothing is to be set up there: each request names its callback URL, whose query holds an id that nobody can guess.',
  ],
  variables: [
    { name: 'CALLBACK_SECRET', text: 'the secret with which the service signs', example: 'test-secret' },
    ...OWN_VARIABLES,
  ],
  namesUrl: true,
  endpoint: [
    '# identify_by: ${body.id} # only where the service calls another URL than ${callback.url} below',
    'status: ${body.status}',
    'success_when: [completed]',
    'fail_when: [failed]',
    'result: ${body.result} # what the wait resolves with',
    'error: ${body.error} # what a failed wait says',
  ],
  rest: OWN,
  app: runs('/tasks'),
  sends: ['--set', 'status=completed'],
  test: testRun({ ...OWN_TEST, sends: `'--set', 'result.url=${IMAGE}'`, expected: `{ url: '${IMAGE}' }` }),
}
