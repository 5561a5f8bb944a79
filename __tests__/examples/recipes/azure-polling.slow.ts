import { describe, expect, test } from '@jest/globals'
import createClient, { getLongRunningPoller } from '@azure-rest/ai-document-intelligence'
import { type Answer, type Asked, type Provider, useRecipe } from './use-recipe'

const ENDPOINT = 'https://paper.cognitiveservices.azure.com'
const KEY = 'azure-key'
const OPERATION = `${ENDPOINT}/documentintelligence/documentModels/prebuilt-invoice/analyzeResults/1?api-version=2024-11-30`
const DOCUMENT = 'https://files.example.com/invoice.pdf'
/** The last answer, cut down, as the reference of the API shows it. */
const RESULT = {
  apiVersion: '2024-11-30',
  modelId: 'prebuilt-invoice',
  content: 'CONTOSO LTD.',
  pages: [{ pageNumber: 1, angle: 0, width: 8.5, height: 11, unit: 'inch' }],
  documents: [{ docType: 'invoice', confidence: 1, fields: { InvoiceTotal: { type: 'currency', confidence: 0.97 } } }],
}
const OUTPUT = { pages: [1], documents: RESULT.documents }

const recipes = useRecipe('azure-polling', { AZURE_ENDPOINT: ENDPOINT, AZURE_KEY: KEY })

/** Accepts a document, and answers the questions about it one after another; the last answer stays. */
function createAzure(...bodies: readonly object[]): (asked: Pick<Asked, 'method'>) => Response {
  const left = [...bodies]
  return ({ method }) => {
    if (method === 'POST') return new Response(null, { status: 202, headers: { 'operation-location': OPERATION } })
    const body = left.length > 1 ? left.shift() : left[0]
    return Response.json(body, { headers: { 'retry-after': '0' } })
  }
}

function operation(status: string, more: object = {}): object {
  const at = '2026-11-30T12:00:00Z'
  return { status, createdDateTime: at, lastUpdatedDateTime: at, ...more }
}

const SUCCEEDED = operation('succeeded', { analyzeResult: RESULT })

/** What counts of the requests. */
function gists(all: readonly Asked[]): object[] {
  return all.map(({ method, url, headers, text }) => ({
    method,
    url,
    key: headers.get('ocp-apim-subscription-key'),
    body: text === '' ? undefined : JSON.parse(text),
  }))
}

/** Has the official package do the same, and returns what it asked and what it got. */
async function official(azure: ReturnType<typeof createAzure>) {
  const asked: Asked[] = []
  const client = createClient(
    ENDPOINT,
    { key: KEY },
    {
      httpClient: {
        async sendRequest(request) {
          const { method, url, body } = request
          const text = typeof body === 'string' ? body : ''
          asked.push({ method, url, headers: new Headers(request.headers.toJSON()), text })
          const answer = azure({ method })
          const headers = request.headers
          for (const [name] of headers) headers.delete(name)
          for (const [name, value] of answer.headers) headers.set(name, value)
          return { request, status: answer.status, headers, bodyAsText: await answer.text() }
        },
      },
    },
  )
  const first = await client
    .path('/documentModels/{modelId}:analyze', 'prebuilt-invoice')
    .post({ contentType: 'application/json', body: { urlSource: DOCUMENT } })
  const poller = getLongRunningPoller(client, first, { intervalInMs: 0 })
  const { body } = await poller.pollUntilDone()
  return { asked, body }
}

describe('the recipe for polling by Operation-Location of Azure', () => {
  test('asks as the official package does, until it is done', async () => {
    const bodies = [operation('notStarted'), operation('running'), SUCCEEDED]
    const recipe = await recipes.start(createAzure(...bodies))
    expect(await recipe.ask('/documents', { document: DOCUMENT })).toEqual({ status: 200, body: OUTPUT })
    const { asked, body } = await official(createAzure(...bodies))
    expect(body).toMatchObject({ analyzeResult: RESULT })
    expect(gists(recipe.asked)).toEqual(gists(asked))
    expect(recipe.asked).toHaveLength(4)
  })

  test.each<[string, Provider, Answer]>([
    ['answers with what was found when it is done at once', createAzure(SUCCEEDED), { status: 200, body: OUTPUT }],
    [
      'answers 502 when the analysis failed, and quotes it',
      createAzure(
        operation('failed', { error: { code: 'InternalServerError', message: 'An unexpected error occurred.' } }),
      ),
      { status: 502, body: { error: expect.any(String), message: expect.stringContaining('An unexpected error') } },
    ],
    [
      'answers 502 for a wrong key',
      () =>
        Response.json(
          { error: { code: '401', message: 'Access denied due to invalid subscription key' } },
          { status: 401 },
        ),
      { status: 502, body: { error: 'ERR_HTTP_STATUS', message: expect.stringContaining('Access denied') } },
    ],
    [
      'answers 502 for a document that cannot be fetched',
      () =>
        Response.json({ error: { code: 'InvalidRequest', message: 'Could not download the file' } }, { status: 400 }),
      { status: 502, body: { error: 'ERR_HTTP_STATUS', message: expect.stringContaining('Could not download') } },
    ],
  ])('%s', async (_title, azure, expected) => {
    const recipe = await recipes.start(azure)
    expect(await recipe.ask('/documents', { document: DOCUMENT })).toEqual(expected)
  })

  test('asks again after 429, and once for each document then', async () => {
    const azure = createAzure(SUCCEEDED)
    let isLimited = true
    const recipe = await recipes.start((asked) => {
      if (!isLimited) return azure(asked)
      isLimited = false
      return Response.json({ error: { code: '429' } }, { status: 429, headers: { 'retry-after': '0' } })
    })
    expect(await recipe.ask('/documents', { document: DOCUMENT })).toEqual({ status: 200, body: OUTPUT })
    expect(recipe.asked.map(({ method }) => method)).toEqual(['POST', 'POST', 'GET'])
  })
})
