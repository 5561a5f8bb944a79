import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { UndiciInstrumentation } from '@opentelemetry/instrumentation-undici'
import { drawing, finish, useFlows } from '../workflow/use-flows'
import { parentOf, useSpans } from './use-spans'

const flows = useFlows()
const spans = useSpans()

let stop = (): void => undefined
beforeEach(() => {
  const instrumentation = new UndiciInstrumentation()
  instrumentation.enable()
  stop = () => instrumentation.disable()
})
afterEach(() => stop())

test('a request has one span and one traceparent where fetch is recorded too', async () => {
  const flow = await flows.open(drawing())
  const { result } = spans.within(() => flow.hooks.run({ prompt: 'a cat' }))
  await finish(flow, 'draw', 1)
  await result
  const made = spans.all().filter(({ kind }) => kind === 'CLIENT')
  expect(made.map(({ name }) => name)).toEqual(['POST'])
  expect(flow.service.requests.map(({ headers }) => headers['traceparent'])).toEqual(made.map(parentOf))
})

test("the app's own requests are recorded as before", async () => {
  const flow = await flows.open(drawing())
  const { traceparent, result } = spans.within(() => fetch(`${flow.service.origin}/own`))
  await (await result).text()
  const [request] = flow.service.requests
  expect(request?.headers['traceparent']).toBe(parentOf(spans.one('GET')))
  expect(traceparent).toContain(spans.one('GET').traceId)
})
