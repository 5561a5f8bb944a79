import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { promisify } from 'node:util'
import type { components, operations } from '@octokit/openapi-types'
import { afterAll, describe, expect, test } from '@jest/globals'
import { closeOctokit, inOctokit } from '../../verify/octokit'
import { type Answer, gist, type Provider, type Sent, useRecipe } from './use-recipe'

type Dispatch = operations['actions/create-workflow-dispatch']['requestBody']['content']['application/json']
type Dispatched = components['schemas']['workflow-dispatch-response']

interface Example {
  readonly action?: string
  readonly workflow_run?: object
}

const SECRET = 'test-secret'
const TOKEN = 'ghp_test'
const ID = 289_782_451
const URL_OF_RUN = `https://github.com/ada/prints/actions/runs/${ID}`

const recipes = useRecipe('github-dispatch', {
  GITHUB_TOKEN: TOKEN,
  GITHUB_REPO: 'ada/prints',
  GITHUB_WEBHOOK_SECRET: SECRET,
})

afterAll(closeOctokit)

const EXAMPLES: readonly { readonly name: string; readonly examples: readonly Example[] }[] = JSON.parse(
  readFileSync(require.resolve('@octokit/webhooks-examples'), 'utf8'),
)

/** What GitHub sends of an event, from its own examples. */
function exampleOf(name: string): Example {
  const example = EXAMPLES.find((event) => event.name === name)?.examples[0]
  if (example === undefined) throw new Error(`there is no example of ${name}`)
  return example
}

function runOf(conclusion: string | null, fields: object = {}): object {
  const example = exampleOf('workflow_run')
  const action = conclusion === null ? 'in_progress' : 'completed'
  const workflow_run = { ...example.workflow_run, id: ID, name: 'Paint', html_url: URL_OF_RUN, conclusion, ...fields }
  return { ...example, action, workflow_run }
}

async function sign(event: string, body: object, secret = SECRET): Promise<Sent> {
  const text = JSON.stringify(body)
  const signature = await inOctokit('sign', [secret, text])
  const headers = { 'content-type': 'application/json', 'x-github-event': event, 'x-hub-signature-256': signature }
  return { body: text, headers }
}

function createProvider(statuses: number[], sents: readonly Sent[]): Provider {
  const dispatched: Dispatched = {
    workflow_run_id: ID,
    run_url: `https://api.github.com/repos/ada/prints/actions/runs/${ID}`,
    html_url: URL_OF_RUN,
  }
  return async (_asked, recipe) => {
    for (const sent of sents) statuses.push((await recipe.callBack('https://app.example.com/github', sent)).status)
    return Response.json(dispatched)
  }
}

/** The request that the official package makes; it is an ES module, which Jest cannot load here. */
async function officialRequest(body: Dispatch): Promise<object> {
  const program = `
    import { request } from '@octokit/request'
    const route = 'POST /repos/{owner}/{repo}/actions/workflows/{workflow_id}/dispatches'
    const fetch = async (url, { method, headers, body }) => {
      console.log(JSON.stringify({ method, url, headers, text: body }))
      return Response.json({})
    }
    await request(route, {
      owner: 'ada', repo: 'prints', workflow_id: 'paint.yml', ...JSON.parse(process.argv[1]), request: { fetch },
      headers: { authorization: 'Bearer ${TOKEN}', 'X-GitHub-Api-Version': '2022-11-28' },
    })`
  const args = ['--input-type=module', '-e', program, JSON.stringify(body)]
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: __dirname })
  const asked = JSON.parse(stdout)
  return gist({ ...asked, headers: new Headers(asked.headers) })
}

const INPUT = { workflow: 'paint.yml', inputs: { prompt: 'a cat' } }
const DONE = { workflow: 'Paint', conclusion: 'success', url: URL_OF_RUN }

describe('the recipe for a workflow dispatch of GitHub', () => {
  test.each<[object, Dispatch]>([
    [INPUT, { ref: 'main', inputs: { prompt: 'a cat' }, return_run_details: true }],
    [
      { ...INPUT, ref: 'v1/x' },
      { ref: 'v1/x', inputs: { prompt: 'a cat' }, return_run_details: true },
    ],
    [{ workflow: 'paint.yml' }, { ref: 'main', inputs: {}, return_run_details: true }],
  ])('asks as the official package does: %j', async (input, body) => {
    const recipe = await recipes.start(createProvider([], [await sign('workflow_run', runOf('success'))]))
    await recipe.ask('/runs', input)
    const [asked] = recipe.asked
    expect(asked && gist(asked)).toEqual(await officialRequest(body))
    expect(asked?.headers.get('x-github-api-version')).toBe('2022-11-28')
    expect(asked?.headers.get('accept')).toBe('application/vnd.github+json')
  })

  test('answers with the conclusion, and passes over what comes before it', async () => {
    const statuses: number[] = []
    const sents = await Promise.all([
      sign('ping', exampleOf('ping')),
      sign('workflow_job', exampleOf('workflow_job')),
      sign('workflow_run', runOf(null)),
      sign('workflow_run', runOf('failure', { id: 1 })),
      sign('workflow_run', runOf('success'), 'another-secret'),
      sign('workflow_run', runOf('success')),
    ])
    const recipe = await recipes.start(createProvider(statuses, sents))
    expect(await recipe.ask('/runs', INPUT)).toEqual({ status: 200, body: DONE })
    expect(statuses).toEqual([200, 200, 200, 200, 401, 200])
  })

  test.each(['failure', 'cancelled', 'timed_out', 'action_required'])('answers 502 for %s', async (conclusion) => {
    const recipe = await recipes.start(createProvider([], [await sign('workflow_run', runOf(conclusion))]))
    const expected: Answer = {
      status: 502,
      body: { error: 'ERR_CALLBACK_FAILED', message: expect.stringContaining(`see ${URL_OF_RUN}`) },
    }
    expect(await recipe.ask('/runs', INPUT)).toEqual(expected)
  })

  test.each([
    [401, 'Bad credentials'],
    [404, 'Not Found'],
    [422, `Workflow does not have 'workflow_dispatch' trigger`],
  ])('answers 502 for %i, and quotes GitHub', async (status, message) => {
    const answer = { message, documentation_url: 'https://docs.github.com/rest', status: String(status) }
    const recipe = await recipes.start(() => Response.json(answer, { status }))
    expect(await recipe.ask('/runs', INPUT)).toEqual({
      status: 502,
      body: { error: 'ERR_HTTP_STATUS', message: expect.stringContaining(message) },
    })
  })
})
