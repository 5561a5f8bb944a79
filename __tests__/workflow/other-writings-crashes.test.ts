import { expect, test } from '@jest/globals'
import type { CallbacksConfig } from '../../lib'
import { type Life, type Service, useJournal } from './use-journal'

const journal = useJournal()

const CONFIG: CallbacksConfig = {
  component: { endpoint: 'http://service.example/echo', method: 'POST' },
  workflow: {
    id: 'all',
    jobs: [
      {
        id: 'ask',
        component: { type: 'http-server', port: 8000, path: '/fail', body: { id: '${context.run_id}' } },
        on_error: { output: { why: '${error.status}', id: '${context.run_id}', x: '${input.x}' } },
      },
      { id: 'try', component: { type: 'http-server', path: '/fail' }, on_error: 'ignore' },
      { id: 'echo' },
    ],
    output: { ask: '${jobs.ask.output}', try: '${jobs.try.output}', echo: '${jobs.echo.output}' },
  },
}

const service: Service = ({ path }) => (path === '/fail' ? { status: 400 } : { body: { value: 1 } })

async function finish({ hooks, until }: Life, id: string): Promise<unknown> {
  await until(async () => (await hooks.task(id))?.status !== 'running')
  return hooks.task(id)
}

test('a run whose process is killed at any moment ignores the same errors, with the same output', async () => {
  const first = await journal.begin(CONFIG, service)
  const { id } = await first.hooks.submit({ x: 7 })
  const output = { ask: { why: 400, id: expect.any(String), x: 7 }, try: null, echo: { value: 1 } }
  expect(await finish(first, id)).toMatchObject({ status: 'succeeded', output })
  const asked = first.sent.find(({ path }) => path === '/fail')?.body['id']
  const lines = first.lines()
  const begun = lines.findIndex((line) => line.includes('["append","run"'))
  expect(lines.length - begun).toBeGreaterThan(8)
  for (let count = begun + 1; count <= lines.length; count += 1) {
    const kept = lines.slice(0, count)
    const life = await journal.begin(CONFIG, service, kept, first.clock.now() + 1000)
    const state = await finish(life, id)
    const isCalled = kept.some((line) => line.includes('"name":"ask#1/call"'))
    const ask = isCalled ? { why: 400, id: asked, x: 7 } : output.ask
    expect({ count, state }).toMatchObject({ count, state: { status: 'succeeded', output: { ...output, ask } } })
    await life.hooks.close()
  }
}, 60_000)
