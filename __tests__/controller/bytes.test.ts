import { expect, test } from '@jest/globals'
import { useControllers } from './use-controller'

const { ways } = useControllers()

const BYTES = Buffer.from([0xff, 0xd8, 0x00])
const CONFIG = {
  listener: { host: '127.0.0.1', port: 0, path: '/done', identify_by: '${body.id}' },
  component: { endpoint: 'http://service.test/image' },
  workflow: { jobs: [{ id: 'get' }], output: { whole: '${jobs.get.output}', list: ['${jobs.get.output}', 'text'] } },
} as const

test.each(
  ways.flatMap(([way, serve]) =>
    [
      ['image/jpeg', 'image/jpeg'],
      ['audio/mpeg; rate=8000', 'audio/mpeg; rate=8000'],
      [undefined, 'application/octet-stream'],
    ].map(([given, type]) => [way, given, type, serve] as const),
  ),
)('the controller writes bytes as base64 with their type: %s, %s', async (_way, given, type, serve) => {
  const headers: Record<string, string> = given === undefined ? {} : { 'content-type': given }
  const { post, get } = await serve(CONFIG, { fetch: async () => new Response(BYTES, { headers }) })
  const shown = { type, base64: BYTES.toString('base64') }
  const { body } = await post('/workflows/runs')
  expect(body).toMatchObject({ status: 'succeeded', output: { whole: shown, list: [shown, 'text'] } })
  expect((await get(`/tasks/${body.task_id}`)).body).toMatchObject({ output: { whole: shown } })
  expect((await post('/workflows/runs', { output_only: true })).body).toEqual({ whole: shown, list: [shown, 'text'] })
})
