import { createRequire } from 'node:module'
import { describe, expect, test } from '@jest/globals'
import { CallbackError } from '../../lib'
import { createMetrics, type PromLibrary } from '../../lib/controller/metrics'
import { createFakeDriver } from '../gateway/fake-tunnels'
import { CONFIG, useControllers } from './use-controller'

const { ways, listen, mount } = useControllers()

/** The samples of a text, without comments. */
function samplesOf(text: string): readonly string[] {
  return text.split('\n').filter((line) => line !== '' && !line.startsWith('#'))
}

describe.each(ways)('GET /metrics, %s', (_way, serve) => {
  test('answers what Prometheus reads', async () => {
    const { get } = await serve()
    const { status, text, headers } = await get('/metrics')
    expect(status).toBe(200)
    expect(headers['content-type']).toBe('text/plain; version=0.0.4; charset=utf-8')
    expect(text).toContain('# TYPE express_callbacks_callbacks_total counter\n')
    expect(text).toContain('# TYPE express_callbacks_waits_open gauge\n')
    expect(samplesOf(text)).toContain('express_callbacks_tasks_running 0')
    expect(text).not.toMatch(/nodejs_|process_/)
  })
})

describe('GET /metrics', () => {
  test('counts callbacks, waits, tasks and gateways', async () => {
    const { driver } = createFakeDriver()
    const gateways = [
      { port: 8090, driver: 'static' as const, public_url: 'https://one.example' },
      { port: 8091, driver: 'ngrok' as const },
    ]
    const { get, post, hooks } = await mount({ ...CONFIG, gateways }, { tunnels: { ngrok: driver } })
    void hooks.wait('a')
    await hooks.settle('a')
    await hooks.settle('a')
    await hooks.settle('early')
    void hooks.wait('b')
    await post('/workflows/runs')
    const run = { workflow_id: 'hold', input: { id: 'c' }, wait_for_completion: false }
    await post('/workflows/runs', run)
    const samples = samplesOf((await get('/metrics')).text)
    expect(samples).toEqual(
      expect.arrayContaining([
        'express_callbacks_callbacks_total{endpoint="POST /done",event="settled"} 1',
        'express_callbacks_callbacks_total{endpoint="POST /done",event="duplicate"} 1',
        'express_callbacks_callbacks_total{endpoint="POST /done",event="rejected"} 0',
        'express_callbacks_waits_open{endpoint="POST /done"} 2',
        'express_callbacks_parked{endpoint="POST /done"} 1',
        'express_callbacks_tasks_total{status="succeeded"} 1',
        'express_callbacks_tasks_total{status="failed"} 0',
        'express_callbacks_tasks_total{status="cancelled"} 0',
        'express_callbacks_tasks_running 1',
        'express_callbacks_gateway_ready{port="8090",driver="static"} 1',
        'express_callbacks_gateway_ready{port="8091",driver="ngrok"} 0',
      ]),
    )
    expect(new Set(samples).size).toBe(samples.length)
  })

  test('counts on from one scrape to the next, also of two at once', async () => {
    const { get, post } = await listen()
    const succeeded = 'express_callbacks_tasks_total{status="succeeded"}'
    for (const count of [1, 2]) {
      await post('/workflows/runs')
      for (const { text } of await Promise.all([get('/metrics'), get('/metrics')]))
        expect(samplesOf(text)).toContain(`${succeeded} ${count}`)
    }
  })

  test('counts what several endpoints could have ended under an endpoint of its own', async () => {
    const callbacks = ['/x', '/y'].map((path) => ({ path, identify_by: '${body.id}' }))
    const { get, hooks, clock } = await mount({ listener: { callbacks } })
    void hooks.wait('a', { timeout: 5 })
    clock.advance(100)
    const samples = samplesOf((await get('/metrics')).text)
    expect(samples.filter((line) => line.includes('"*"'))).toEqual([
      'express_callbacks_callbacks_total{endpoint="*",event="expired"} 1',
    ])
  })

  test('keeps the metrics of two callbacks() apart', async () => {
    const one = await mount()
    const other = await mount()
    await one.post('/workflows/runs')
    const [first, second] = await Promise.all([one.get('/metrics'), other.get('/metrics')])
    expect(first.text).toContain('express_callbacks_tasks_total{status="succeeded"} 1')
    expect(second.text).toContain('express_callbacks_tasks_total{status="succeeded"} 0')
  })
})

describe('the metrics library', () => {
  const stats = { ...noCounts(), tasks: { running: 0, succeeded: 0, failed: 0, cancelled: 0 }, endpoints: {} }

  test('is loaded by the first scrape, once', async () => {
    let loads = 0
    const load = (): PromLibrary => {
      loads += 1
      return require('prom-client')
    }
    const metrics = createMetrics({ stats: () => stats, statuses: new Map(), load })
    expect(loads).toBe(0)
    await metrics.read()
    await metrics.read()
    expect(loads).toBe(1)
  })

  test('that is missing is 501, and says what to install', async () => {
    const load = (): PromLibrary => createRequire('/nowhere/app.js')('prom-client')
    const metrics = createMetrics({ stats: () => stats, statuses: new Map(), load })
    const failed = await metrics.read().catch((error: unknown) => error)
    expect(failed).toBeInstanceOf(CallbackError)
    expect(failed).toMatchObject({
      code: 'ERR_CONFIG_UNSUPPORTED',
      message: expect.stringContaining('npm install prom-client'),
    })
  })

  test('that is broken is not said to be missing', async () => {
    const broken = new Error('broken')
    const load = (): PromLibrary => {
      throw broken
    }
    const metrics = createMetrics({ stats: () => stats, statuses: new Map(), load })
    await expect(metrics.read()).rejects.toBe(broken)
  })
})

function noCounts() {
  const counts = { received: 0, settled: 0, failed: 0, pending: 0, duplicate: 0 }
  return { ...counts, waiting: 0, parked: 0, unidentified: 0, filtered: 0, rejected: 0, expired: 0, started: 0 }
}
