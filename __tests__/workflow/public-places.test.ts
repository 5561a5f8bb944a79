import { describe, expect, test } from '@jest/globals'
import type { LogLine } from '../helpers/use-hosts'
import { DONE, drawing, type Flow, useFlows } from './use-flows'

const flows = useFlows()
const config = drawing({ body: { id: '${context.run_id}', url: '${input}' } })

/** What was said of origins that nobody knows. */
function saidBy({ log }: Flow): readonly LogLine[] {
  return log.filter(({ message }) => message.includes('which no gateway has'))
}

async function begin(flow: Flow, url: string): Promise<void> {
  void flow.hooks.run(url)
  await flow.told('draw', 'waiting', flow.service.requests.length + 1)
}

describe('an origin that nobody knows', () => {
  test('is said once, with advice', async () => {
    const flow = await flows.open(config)
    for (const path of ['', '?a=b', '/']) await begin(flow, `https://some.example:8443/done${path}`)
    expect(saidBy(flow)).toEqual([
      {
        level: 'info',
        message:
          'Waiting for a callback to https://some.example:8443, which no gateway has; ' +
          'if it leads here, say so with "public_url: https://some.example:8443" on the listener',
        details: { endpoint: 'POST /done', origin: 'https://some.example:8443' },
      },
    ])
    await begin(flow, 'https://other.example/done')
    expect(saidBy(flow).length).toBe(2)
  })

  test.each([
    'http://localhost/done',
    'http://app.localhost/done',
    'http://127.0.0.1:8090/done',
    'http://[::1]:8090/done',
    'http://10.1.2.3/done',
    'http://172.16.0.1/done',
    'http://192.168.1.1/done',
    'http://web:3000/done',
    'http://host.docker.internal/done',
  ])('is not %s, which is near', async (url) => {
    const flow = await flows.open(config)
    await begin(flow, url)
    expect(saidBy(flow)).toEqual([])
  })

  test.each(['http://172.32.0.1/done', 'http://11.0.0.1/done', 'http://10.example.com/done', 'https://1.2.3.4/done'])(
    'may be %s',
    async (url) => {
      const flow = await flows.open(config)
      await begin(flow, url)
      expect(saidBy(flow).length).toBe(1)
    },
  )

  test.each([
    ['the public URL of a listener', { ...DONE, public_url: 'https://me.example/in' }, {}],
    ['the public URL of the app', DONE, { publicUrl: 'https://me.example' }],
  ])('is not %s', async (_, listener, options) => {
    const flow = await flows.open({ ...config, listener }, undefined, options)
    await begin(flow, 'https://me.example/done')
    expect(saidBy(flow)).toEqual([])
  })

  test('is not that of a gateway', async () => {
    const gateway = { type: 'http-tunnel', driver: 'static', port: 8090, public_url: 'https://gate.example' } as const
    const flow = await flows.open({ ...config, gateway })
    await flow.hooks.open()
    await begin(flow, 'https://gate.example/done')
    expect(saidBy(flow)).toEqual([])
  })
})
