import { expect, test } from '@jest/globals'
import { createRandom } from '../store/wheel'
import { drawing, until, useFlows } from './use-flows'

const flows = useFlows()
const COUNT = 1000

test('a thousand runs wait at once; their callbacks come in any order, and each gets its own', async () => {
  const { hooks, callback, service } = await flows.open(drawing())
  const outputs = Array.from({ length: COUNT }, (_, prompt) => hooks.run({ prompt }))
  await until(() => hooks.stats().waiting === COUNT, 'all of them wait')
  await service.received(COUNT)
  const random = createRandom()
  const sent = service.requests
    .map(({ body }) => ({ place: random(COUNT * COUNT), ...Object(body) }))
    .sort((one, other) => one.place - other.place)
  for (const { id, prompt } of sent) expect(await callback({ id, status: 'ok', value: prompt * 2 })).toBe(200)
  expect(await Promise.all(outputs)).toEqual(Array.from({ length: COUNT }, (_, prompt) => prompt * 2))
  expect(hooks.stats()).toMatchObject({
    waiting: 0,
    parked: 0,
    settled: COUNT,
    duplicate: 0,
    tasks: { running: 0, succeeded: COUNT },
  })
}, 60_000)
