import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, test } from '@jest/globals'
import { createCloudflaredMetrics } from '../../adapters/tunnels/cloudflared/metrics'
import { requestOf } from './cloudflared-request'

/** How a tunnel is whose metrics answer with a status. */
async function check(status: number | undefined, isRefused: boolean): Promise<string> {
  const server = createServer((_request, response) => response.writeHead(status ?? 500).end())
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const metricsAddress = status === undefined ? undefined : `127.0.0.1:${port}`
  const request = requestOf({})
  try {
    return await createCloudflaredMetrics({ read: () => undefined, metricsAddress, isRefused }, request).check()
  } finally {
    expect(request.clock.timers).toBe(0)
    await new Promise((resolve) => server.close(resolve))
  }
}

test.each([
  ['up', 'whose metrics say so', 200, false],
  ['up', 'that is connected again', 200, true],
  ['down', 'whose metrics say that it has no connection', 503, false],
  ['gone', 'that is refused', 503, true],
  ['up', 'of an old version, which cannot tell', 404, false],
  ['gone', 'of an old version that is refused', 404, true],
  ['up', 'that never told where its metrics are', undefined, false],
  ['gone', 'that never told where its metrics are, and is refused', undefined, true],
])('%s is a tunnel %s', async (health, _, status, isRefused) => {
  expect(await check(status, isRefused)).toBe(health)
})
