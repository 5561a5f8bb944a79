import { createHttpPoller } from '@azure/core-lro'
import { describe, expect, test } from '@jest/globals'
import type { Respond } from '../helpers/fake-service'
import { useServices } from '../helpers/fake-service'
import { drawing, until, useFlows } from './use-flows'

const services = useServices()
const flows = useFlows()

/** A long-running operation: 202 without a body, and so many questions until its end. */
function createOperation(name: string, last: object): Respond {
  let questions = 0
  return ({ method, headers: { host } }) => {
    if (method === 'POST')
      return {
        status: 202,
        headers: { [name]: `http://${host}/operations/7?api-version=2026-01-01`, 'Retry-After': '0' },
      }
    questions += 1
    return { body: questions < 3 ? { status: 'Running' } : last }
  }
}

type SendRequest = Parameters<typeof createHttpPoller>[0]['sendInitialRequest']
type Answered = Awaited<ReturnType<SendRequest>>

async function send(url: string, method: string): Promise<Answered> {
  const response = await fetch(url, { method })
  const text = await response.text()
  const body: Record<string, unknown> = text === '' ? {} : JSON.parse(text)
  const headers = Object.fromEntries(response.headers)
  return { flatResponse: body, rawResponse: { statusCode: response.status, headers, body, request: { url, method } } }
}

/** How Azure's own client asks about the same operation. */
async function askAsAzure(operation: Respond) {
  const service = await services.open(operation)
  const poller = createHttpPoller(
    {
      sendInitialRequest: () => send(`${service.origin}/tasks`, 'POST'),
      sendPollRequest: (url) => send(url, 'GET'),
    },
    { intervalInMs: 1, resolveOnUnsuccessful: true },
  )
  await poller.pollUntilDone()
  return service.requests.map(({ method, url }) => `${method} ${url}`)
}

describe("a long-running operation is asked about as by Azure's own client", () => {
  test.each([
    ['Operation-Location', 'Succeeded'],
    ['Azure-AsyncOperation', 'Succeeded'],
    ['Operation-Location', 'Failed'],
    ['Operation-Location', 'Canceled'],
  ])('at %s until it says %s', async (name, status) => {
    const last = { status, properties: { url: 'cat.png' } }
    const { hooks, service, clock } = await flows.open(
      drawing({
        body: { prompt: 'a cat' },
        completion: {
          type: 'polling',
          path: `\${header.${name}}`,
          status: '${response.status}',
          success_when: 'Succeeded',
          fail_when: ['Failed', 'Canceled'],
          result: '${response.properties.url}',
          interval: '1s',
        },
      }),
      createOperation(name, last),
    )
    const task = await hooks.submit()
    const ended = task.result().catch((error: unknown) => Object(error).status)
    await until(() => {
      clock.advance(100)
      return task.status !== 'running'
    }, 'it has ended')
    expect(await ended).toBe(status === 'Succeeded' ? 'cat.png' : status)
    expect(service.requests.map(({ method, url }) => `${method} ${url}`)).toEqual(
      await askAsAzure(createOperation(name, last)),
    )
  })
})
