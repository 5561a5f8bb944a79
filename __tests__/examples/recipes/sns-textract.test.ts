import { describe, expect, test } from '@jest/globals'
import { CERTIFICATE, CERTIFICATE_URL, confirmSns, signSns, SUBSCRIBE_URL, TOPIC } from '../../helpers/sns-sender'
import { type Answer, type Provider, type Sent, useRecipe } from './use-recipe'

const JOB = '1f2e3d4c5b6a'
const ROLE = 'arn:aws:iam::123456789012:role/textract'
const INPUT = { bucket: 'papers', name: 'invoice.pdf' }
const HOOK = 'https://app.example.com/sns'

/** The environment in which the official package asks the fake alone. */
const recipes = useRecipe('sns-textract', {
  SNS_TOPIC: TOPIC,
  SNS_ROLE: ROLE,
  AWS_ENDPOINT_URL: 'FAKE_URL',
  AWS_REGION: 'eu-west-1',
  AWS_ACCESS_KEY_ID: 'AKIATEST',
  AWS_SECRET_ACCESS_KEY: 'test-secret',
  AWS_MAX_ATTEMPTS: '1',
})

function send(message: object): Sent {
  return { body: JSON.stringify(message), headers: { 'content-type': 'text/plain; charset=UTF-8' } }
}

/** What Textract tells by SNS, with the fields of its page on notifications. */
function notify(Status: string, fields: object = {}, JobId = JOB): Sent {
  const DocumentLocation = { S3ObjectName: INPUT.name, S3Bucket: INPUT.bucket }
  const told = { JobId, Status, API: 'StartDocumentTextDetection', Timestamp: 1_796_000_000_000, DocumentLocation }
  return send({ ...signSns({ Message: JSON.stringify(told) }), ...fields })
}

const PAGES = [
  { NextToken: 'page-2', Blocks: [{ BlockType: 'PAGE' }, { BlockType: 'LINE', Text: 'Invoice 7' }] },
  {
    Blocks: [
      { BlockType: 'LINE', Text: 'Total 120' },
      { BlockType: 'WORD', Text: 'Total' },
    ],
  },
]

/** Plays Textract, and the hosts of SNS; calls back before it answers that the job has begun. */
function createAmazon(statuses: number[], ...sents: readonly Sent[]): Provider {
  return async ({ url, headers, text }, recipe) => {
    if (url === CERTIFICATE_URL) return new Response(CERTIFICATE)
    if (url.startsWith('https://sns.eu-west-1.amazonaws.com/')) return new Response('<ConfirmSubscriptionResponse/>')
    const input = JSON.parse(text)
    if (headers.get('x-amz-target') === 'Textract.GetDocumentTextDetection') {
      expect(input.JobId).toBe(JOB)
      return Response.json({ JobStatus: 'SUCCEEDED', ...PAGES[input.NextToken === 'page-2' ? 1 : 0] })
    }
    expect(headers.get('x-amz-target')).toBe('Textract.StartDocumentTextDetection')
    expect(input).toMatchObject({ NotificationChannel: { SNSTopicArn: TOPIC, RoleArn: ROLE } })
    for (const sent of sents) statuses.push((await recipe.callBack(HOOK, sent)).status)
    return Response.json({ JobId: JOB })
  }
}

const LINES: Answer = { status: 200, body: ['Invoice 7', 'Total 120'] }

describe('the recipe for Textract and SNS', () => {
  test.each<[string, readonly Sent[], readonly number[], Answer]>([
    ['answers with the lines of all pages, also when the message comes first', [notify('SUCCEEDED')], [200], LINES],
    [
      'passes over the jobs of others, and refuses what is forged or of another topic',
      [
        notify('FAILED', {}, 'another-job'),
        notify('FAILED', { Message: JSON.stringify({ JobId: JOB, Status: 'FAILED', API: 'forged' }) }),
        send(signSns({ TopicArn: `${TOPIC}-of-somebody`, Message: JSON.stringify({ JobId: JOB, Status: 'FAILED' }) })),
        notify('FAILED', { SigningCertURL: 'https://evil.example.com/key.pem' }),
        notify('SUCCEEDED'),
      ],
      [200, 401, 401, 401, 200],
      LINES,
    ],
    ...['FAILED', 'ERROR'].map((status): [string, readonly Sent[], readonly number[], Answer] => [
      `answers 502 for ${status}`,
      [notify(status)],
      [200],
      { status: 502, body: { error: 'ERR_CALLBACK_FAILED', message: expect.stringContaining(`"${status}"`) } },
    ]),
  ])('%s', async (_title, sents, expected, answered) => {
    const statuses: number[] = []
    const recipe = await recipes.start(createAmazon(statuses, ...sents))
    expect(await recipe.ask('/documents', INPUT)).toEqual(answered)
    expect(statuses).toEqual(expected)
  })

  test('confirms the subscription of its own topic alone', async () => {
    const recipe = await recipes.start(createAmazon([]))
    const other = confirmSns({ TopicArn: `${TOPIC}-of-somebody` })
    expect(await recipe.callBack(HOOK, send(other))).toMatchObject({ status: 401 })
    expect(recipe.asked.map(({ url }) => url)).not.toContain(SUBSCRIBE_URL)
    expect(await recipe.callBack(HOOK, send(confirmSns()))).toMatchObject({ status: 200 })
    expect(recipe.asked.map(({ url }) => url)).toContain(SUBSCRIBE_URL)
  })

  test.each<[string, Sent]>([
    ['it is of another topic than "topic" names', send(signSns({ TopicArn: `${TOPIC}-of-somebody` }))],
    ['its Signature does not fit', notify('FAILED', { Message: '{}' })],
    [
      'raw message delivery has no signature; turn it off for this subscription',
      { body: '{}', headers: { 'content-type': 'application/json', 'x-amz-sns-rawdelivery': 'true' } },
    ],
  ])('logs why a callback is refused: %s', async (reason, sent) => {
    const recipe = await recipes.start(createAmazon([]))
    const told = recipe.says(`POST /sns refused a callback (ERR_UNVERIFIED): The sender is not verified: ${reason}`)
    expect(await recipe.callBack(HOOK, sent)).toMatchObject({ status: 401 })
    await told
  })

  test.each([
    ['InvalidS3ObjectException', 'Unable to get object metadata from S3.'],
    ['AccessDeniedException', 'User is not authorized to perform: textract:StartDocumentTextDetection'],
    ['InvalidParameterException', 'Request has invalid parameters'],
  ])('answers 502 for %s, and quotes Textract', async (name, message) => {
    const recipe = await recipes.start(() => Response.json({ __type: name, message }, { status: 400 }))
    expect(await recipe.ask('/documents', INPUT)).toEqual({ status: 502, body: { error: name, message } })
  })
})
