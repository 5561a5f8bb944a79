import { asyncRoute, type Lines, type Provider, REFUSING, runs, testRun } from './provider'

export const TWILIO: Provider = {
  label: 'Twilio',
  scheme: 'twilio',
  path: '/twilio',
  about: 'POST /messages sends a text message by Twilio and answers once it is delivered',
  setup: ['Nothing is to be set up there: each message names its status callback.'],
  variables: [
    { name: 'TWILIO_AUTH_TOKEN', text: 'https://www.twilio.com/console', example: 'test-token' },
    { name: 'TWILIO_ACCOUNT_SID', text: 'on the same page', example: 'AC00000000000000000000000000000000' },
    { name: 'TWILIO_FROM', text: 'a number of yours, such as +15005550006', example: '+15005550006' },
  ],
  namesUrl: true,
  endpoint: [
    'identify_by: ${body.MessageSid} # which message it is about',
    'status: ${body.MessageStatus} # queued, sending and sent come first: the wait goes on',
    'success_when: [delivered]',
    'fail_when: [undelivered, failed, canceled]',
    'result: # what the wait resolves with',
    '  sid: ${body.MessageSid}',
    '  status: ${body.MessageStatus}',
    'error: Twilio error ${body.ErrorCode} # what a failed wait says',
  ],
  rest: [
    'components:',
    '  twilio:',
    '    base_url: https://${env.TWILIO_ACCOUNT_SID}:${env.TWILIO_AUTH_TOKEN}@api.twilio.com/2010-04-01',
    '    path: /Accounts/${env.TWILIO_ACCOUNT_SID}/Messages.json',
    '    headers:',
    '      Content-Type: application/x-www-form-urlencoded',
    '    body:',
    '      To: ${input.to}',
    '      From: ${env.TWILIO_FROM}',
    '      Body: ${input.text}',
    '      StatusCallback: ${callback.url} # the URL of the endpoint above; the job waits because it is here',
    '    output: ${result}',
    '',
    'workflow:',
    '  jobs:',
    '    - component: twilio',
    '      timeout: 10m',
  ],
  app: runs('/messages'),
  sends: ['--provider', 'twilio', '--event', 'message-status'],
  test: testRun({
    label: 'Twilio',
    route: '/messages',
    input: `{ to: '+15005550042', text: 'Paint a cat' }`,
    parameters: '_api, { body }',
    callbackUrl: `new URLSearchParams(body).get('StatusCallback')`,
    sends: `'--set', 'MessageSid=SM1'`,
    answer: `{ sid: 'SM1', status: 'queued' }, { status: 201 }`,
    expected: `{ sid: 'SM1', status: 'delivered' }`,
  }),
}

/** What `createApp` holds where a route waits for what runs on a commit. */
const CI_APP: Lines = [
  ...asyncRoute(`get('/ci/:sha'`, `response.json(await hooks.wait(request.params.sha, { timeout: '30m' }))`),
  ...REFUSING,
]

/** The test of that route. */
function testCi(path: string, field: string, expected: string): Lines {
  return [
    `test('GET /ci/:sha answers once the work on the commit has ended', { timeout: 20_000 }, async (t) => {`,
    '  const url = await start(t)',
    '  // The callback may come first: it is kept for ten minutes.',
    `  const called = callBack(url + '${path}', '--set', '${field}=abc123')`,
    `  const answer = await fetch(url + '/ci/abc123')`,
    '  await called',
    `  assert.deepEqual(await answer.json(), ${expected})`,
    '})',
  ]
}

export const GITHUB: Provider = {
  label: 'GitHub',
  scheme: 'github',
  path: '/github',
  about: 'GET /ci/:sha answers once GitHub Actions has ended for that commit',
  setup: [
    'In the settings of the repository, under "Webhooks", add this URL with the content type application/json',
    'and, among individual events, "Workflow runs".',
  ],
  variables: [
    {
      name: 'GITHUB_WEBHOOK_SECRET',
      text: 'a long random text, which you enter at the webhook',
      example: 'test-secret',
    },
  ],
  namesUrl: false,
  endpoint: [
    'identify_by: ${body.workflow_run.head_sha} # which commit it is about',
    'status: ${body.workflow_run.conclusion} # none while it runs: the wait goes on',
    'success_when: [success, neutral, skipped]',
    'fail_when: [failure, cancelled, timed_out, startup_failure, action_required, stale]',
    'result: # what the wait resolves with',
    '  workflow: ${body.workflow_run.name}',
    '  conclusion: ${body.workflow_run.conclusion}',
    'error: see ${body.workflow_run.html_url} # what a failed wait says',
  ],
  rest: [],
  app: CI_APP,
  sends: ['--provider', 'github', '--event', 'workflow_run'],
  test: testCi('/github', 'workflow_run.head_sha', `{ workflow: 'CI', conclusion: 'success' }`),
}

export const GITLAB: Provider = {
  label: 'GitLab',
  scheme: 'gitlab',
  path: '/gitlab',
  about: 'GET /ci/:sha answers once the pipeline of GitLab has ended for that commit',
  setup: ['In the settings of the project, under "Webhooks", add this URL with the trigger "Pipeline events".'],
  variables: [
    {
      name: 'GITLAB_WEBHOOK_SECRET',
      text: 'the secret token that you enter at the webhook, or its signing token, whsec_…',
      example: 'test-secret',
    },
  ],
  namesUrl: false,
  endpoint: [
    'identify_by: ${body.object_attributes.sha} # which commit it is about',
    'status: ${body.object_attributes.status} # pending and running come first: the wait goes on',
    'success_when: [success]',
    'fail_when: [failed, canceled, skipped]',
    'result: # what the wait resolves with',
    '  status: ${body.object_attributes.status}',
  ],
  rest: [],
  app: CI_APP,
  sends: ['--set', 'object_kind=pipeline', '--set', 'object_attributes.status=success'],
  test: testCi('/gitlab', 'object_attributes.sha', `{ status: 'success' }`),
}

/** A workflow that writes a line for each event. */
function logs(message: string): Lines {
  return [
    'workflow: # runs once for each event; a component that calls your API may stand here instead',
    '  jobs:',
    '    - component: logger',
    '      input:',
    `        message: ${message}`,
  ]
}

/** The test of an app that remembers which orders are paid. */
function testPaid(id: string, expected: string, path: string): Lines {
  return [
    `test('an order is paid once its event has come', { timeout: 20_000 }, async (t) => {`,
    '  const url = await start(t)',
    `  assert.equal((await fetch(url + '/orders/${id}')).status, 404)`,
    `  await callBack(url + '${path}', '--times', '2') // it counts once`,
    `  const answer = await fetch(url + '/orders/${id}')`,
    `  assert.deepEqual(await answer.json(), ${expected})`,
    '})',
  ]
}

/** What `createApp` holds where it remembers which orders are paid. */
function remembersPaid(condition: string, order: string, id: string, entry: string): Lines {
  return [
    'const paid = new Map() // a database in a real app',
    `hooks.on('started', ({ body }) => {`,
    '  // Once for each event, however often it is sent.',
    ...(condition === '' ? [] : [`  if (${condition}) return`]),
    `  const order = ${order}`,
    `  paid.set(String(order.${id}), ${entry})`,
    '})',
    '',
    `app.get('/orders/:id', (request, response) => {`,
    '  const order = paid.get(request.params.id)',
    `  response.status(order ? 200 : 404).json(order ?? { error: 'not paid yet' })`,
    '})',
  ]
}

export const STRIPE: Provider = {
  label: 'Stripe',
  scheme: 'stripe',
  path: '/stripe',
  about: 'GET /orders/:id says whether the order is paid: Stripe tells it by an event, which counts once',
  setup: [
    'On https://dashboard.stripe.com/webhooks add this URL with the event checkout.session.completed. The id of an order',
    'is the client_reference_id of its Checkout Session.',
  ],
  variables: [
    { name: 'STRIPE_WEBHOOK_SECRET', text: 'the signing secret of the endpoint, whsec_…', example: 'whsec_test' },
  ],
  namesUrl: false,
  endpoint: [
    'identify_by: ${body.id} # which event it is; the same one again is a duplicate',
    'result: ${body.data.object}',
  ],
  rest: logs('Stripe sent ${input.type}'),
  app: remembersPaid(
    `body.type !== 'checkout.session.completed' || body.data.object.payment_status !== 'paid'`,
    'body.data.object',
    'client_reference_id',
    '{ total: order.amount_total, currency: order.currency }',
  ),
  sends: ['--provider', 'stripe', '--event', 'checkout.session.completed'],
  test: testPaid('order-1042', `{ total: 2500, currency: 'eur' }`, '/stripe'),
}

export const SHOPIFY: Provider = {
  label: 'Shopify',
  scheme: 'shopify',
  path: '/shopify',
  about: 'GET /orders/:id says whether the order is paid: Shopify tells it by a webhook, which counts once',
  setup: ['Subscribe this URL to the topic orders/paid, as JSON (in the admin: Settings, Notifications, Webhooks).'],
  variables: [
    {
      name: 'SHOPIFY_SECRET',
      text: 'the client secret of your app, or the one below the webhooks in the admin',
      example: 'test-secret',
    },
  ],
  namesUrl: false,
  endpoint: ['identify_by: ${body.id} # which order it is; paid again is a duplicate', 'result: ${body}'],
  rest: logs('Order ${input.name} is paid'),
  app: remembersPaid('', 'body', 'id', '{ name: order.name, total: order.total_price }'),
  sends: ['--provider', 'shopify', '--event', 'orders/paid', '--set', 'id=1042'],
  test: testPaid('1042', `{ name: '#1042', total: '25.00' }`, '/shopify'),
}

export const SLACK: Provider = {
  label: 'Slack',
  scheme: 'slack',
  path: '/slack',
  about: 'A bot that answers in Slack when it is mentioned',
  setup: [
    'On https://api.slack.com/apps, under "Event Subscriptions", enter this URL (its check is answered) and subscribe the',
    'bot to app_mention. It needs the scope chat:write.',
  ],
  variables: [
    { name: 'SLACK_SIGNING_SECRET', text: 'under "Basic Information" of the app', example: 'test-secret' },
    { name: 'SLACK_BOT_TOKEN', text: 'under "OAuth & Permissions", xoxb-…', example: 'xoxb-test' },
  ],
  namesUrl: false,
  endpoint: [
    'identify_by: ${body.event_id} # which event it is; the same one again is a duplicate',
    'result: ${body.event}',
  ],
  rest: [
    'components:',
    '  slack:',
    '    base_url: https://slack.com/api',
    '    path: /chat.postMessage',
    '    headers:',
    '      Authorization: Bearer ${env.SLACK_BOT_TOKEN}',
    '    body:',
    '      channel: ${input.event.channel}',
    '      thread_ts: ${input.event.ts}',
    "      text: 'You said: ${input.event.text}'",
    '    status: ${response.ok}',
    '    fail_when: [false]',
    '',
    'workflow: # runs once for each event',
    '  jobs:',
    '    - component: slack',
  ],
  app: ['// The workflow in callbacks.yml answers. Your own routes go here.'],
  sends: ['--provider', 'slack', '--event', 'app_mention'],
  test: [
    `test('a mention is answered', { timeout: 20_000 }, async (t) => {`,
    '  let url',
    '  const answered = new Promise((resolve) => {',
    '    url = start(t, async (_api, { body }) => {',
    '      resolve(JSON.parse(body))',
    '      return Response.json({ ok: true })',
    '    })',
    '  })',
    `  await callBack((await url) + '/slack')`,
    '  const { channel, text } = await answered',
    `  assert.deepEqual({ channel, text }, { channel: 'C0CHAN0042', text: 'You said: <@U0BOT00042> paint a cat' })`,
    '})',
  ],
}
