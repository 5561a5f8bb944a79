import { readFileSync } from 'node:fs'
import { describe, expect, test } from '@jest/globals'
import { useHosts } from '../helpers/use-hosts'

interface Webhook {
  readonly name: string
  readonly examples: readonly Readonly<Record<string, unknown>>[]
}

interface Run {
  readonly id: number
  readonly status: string
  readonly conclusion: string | null
}

const hosts = useHosts()
const webhooks: readonly Webhook[] = JSON.parse(readFileSync(require.resolve('@octokit/webhooks-examples'), 'utf8'))
const payloads = webhooks.flatMap(({ name, examples }) => examples.map((payload, index) => ({ name, index, payload })))

test('there are 329 payloads of 58 events', () => {
  expect([payloads.length, webhooks.length]).toEqual([329, 58])
})

test.each([
  { where: 'a header', identify_by: '${header.X-GitHub-Delivery}' },
  { where: 'the query', identify_by: '${query.delivery}' },
])('all payloads of GitHub come back as they were sent, identified by $where', async ({ identify_by }) => {
  const { hooks, post } = await hosts.open({ listener: { path: '/github', identify_by, result: '${body}' } })
  for (const { name, index, payload } of payloads) {
    const id = `${name}/${index}`
    const wait = hooks.wait(id)
    const answer = await post('/github').query({ delivery: id }).set('X-GitHub-Delivery', id).send(payload)
    expect([id, answer.status, answer.text]).toEqual([id, 200, ''])
    expect(await wait).toEqual(payload)
  }
  expect(hooks.stats()).toMatchObject({ received: 329, settled: 329, parked: 0 })
})

test('all of them come back as a form too, which GitHub can send', async () => {
  const { hooks, post } = await hosts.open({
    listener: { path: '/github', identify_by: '${header.X-GitHub-Delivery}', item: '${body.payload as json}' },
  })
  for (const { name, index, payload } of payloads) {
    const id = `${name}/${index}`
    const wait = hooks.wait(id)
    await post('/github')
      .set('X-GitHub-Delivery', id)
      .type('form')
      .send({ payload: JSON.stringify(payload) })
    expect(await wait).toEqual(payload)
  }
})

describe('runs of workflows', () => {
  const listener = {
    path: '/github',
    identify_by: '${body.workflow_run.id}',
    status: '${body.workflow_run.conclusion}',
    success_when: ['success', 'neutral', 'skipped'],
    fail_when: ['failure', 'cancelled', 'timed_out', 'action_required'],
    result: { name: '${body.workflow_run.name}', url: '${body.workflow_run.html_url}' },
  }
  const runs = payloads.filter(({ name }) => name === 'workflow_run').map(({ payload }) => payload)
  const runOf = (payload: object): Run => Reflect.get(payload, 'workflow_run') as Run

  test('are in the examples, finished and not', () => {
    const conclusions = new Set(runs.map((payload) => runOf(payload).conclusion))
    expect(conclusions.has(null)).toBe(true)
    expect(conclusions.has('success')).toBe(true)
  })

  test.each(runs.map((payload) => ({ ...runOf(payload), payload })))(
    'run $id with the conclusion $conclusion',
    async ({ id, conclusion, payload }) => {
      const { hooks, post } = await hosts.open({ listener })
      const wait = hooks.wait(id, { full: true })
      expect((await post('/github').send(payload)).status).toBe(200)
      const { waiting, pending, settled, failed } = hooks.stats()
      if (conclusion === null) {
        expect({ waiting, pending }).toEqual({ waiting: 1, pending: 1 })
        return
      }
      expect({ waiting, ended: settled + failed }).toEqual({ waiting: 0, ended: 1 })
      if (failed === 1)
        await expect(wait).rejects.toMatchObject({ code: 'ERR_CALLBACK_FAILED', status: conclusion, id: String(id) })
      else await expect(wait).resolves.toMatchObject({ body: payload, result: { name: expect.any(String) } })
    },
  )

  test('a run that has finished ends the wait that its start left open', async () => {
    const { hooks, post } = await hosts.open({ listener })
    const finished = runs.find((payload) => runOf(payload).conclusion === 'success') ?? {}
    const run = runOf(finished)
    const heard: (string | undefined)[] = []
    const wait = hooks.wait(run.id, { onProgress: ({ status }) => void heard.push(status) })
    await post('/github').send({ ...finished, workflow_run: { ...run, status: 'in_progress', conclusion: null } })
    await post('/github').send(finished)
    await expect(wait).resolves.toEqual({ name: Reflect.get(run, 'name'), url: Reflect.get(run, 'html_url') })
    expect(heard).toEqual([undefined])
  })
})
