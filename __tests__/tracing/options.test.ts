import { describe, expect, test } from '@jest/globals'
import {
  AlwaysOffSampler,
  InMemorySpanExporter,
  NodeTracerProvider,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-node'
import { callbacks, type TracingOptions } from '../../lib'
import { createTracing } from '../../lib/tracing/tracing'
import { normalizeTracing } from '../../lib/tracing/options'
import { drawing, finish, useFlows } from '../workflow/use-flows'
import { disableTracing, useSpans } from './use-spans'

const flows = useFlows()

describe('options.tracing', () => {
  test.each([
    [{ runs: 'child' }, 'options.tracing.runs', /expected "parent" or "link", found "child"/],
    [{ callbacks: true }, 'options.tracing.callbacks', /expected "parent" or "link", found true/],
    [{ provider: {} }, 'options.tracing.provider', /it needs the method getTracer/],
    [{ parent: 'link' }, 'options.tracing.parent', /there are runs, callbacks, provider/],
    ['on', 'options.tracing', /it must be true, false or an object/],
    [7, 'options.tracing', /it must be true, false or an object/],
    [[], 'options.tracing', /it must be true, false or an object/],
  ])('%j is refused', (tracing, at, message) => {
    const options = { tracing: tracing as TracingOptions }
    expect(() => callbacks({ listener: { path: '/done' } }, options)).toThrow(
      expect.objectContaining({ code: 'ERR_CONFIG_VALUE', at, message: expect.stringMatching(message) }),
    )
  })

  test.each([undefined, true, {}])('%j has defaults', (tracing) => {
    expect(normalizeTracing(tracing)).toMatchObject({ runs: 'parent', callbacks: 'link' })
  })
})

describe('without the package', () => {
  const missing = () => {
    throw Object.assign(new Error("Cannot find module '@opentelemetry/api'"), { code: 'MODULE_NOT_FOUND' })
  }
  const context = {
    clock: { now: () => 0, setTimeout, clearTimeout: () => undefined },
    mask: (text: string) => text,
    logger: { warn: () => undefined },
  }
  const without = { isThere: () => false, load: missing }

  test('there is no tracing by default', () => {
    expect(createTracing(normalizeTracing(undefined), context, without)).toBeUndefined()
  })

  test.each([true, {}, { runs: 'link' }] as const)('%j is refused', (tracing) => {
    expect(() => createTracing(normalizeTracing(tracing), context, without)).toThrow(
      expect.objectContaining({
        code: 'ERR_CONFIG_UNSUPPORTED',
        message:
          'options.tracing needs the package @opentelemetry/api, which is not installed: npm install @opentelemetry/api',
      }),
    )
  })
})

describe('where nothing is registered', () => {
  test('no header goes out, and nothing is kept', async () => {
    const flow = await flows.open(drawing())
    const running = flow.hooks.run({ prompt: 'a cat' })
    await finish(flow, 'draw', 1)
    await running
    expect(flow.service.requests[0]?.headers).not.toHaveProperty('traceparent')
  })

  test('a provider of the options records all the same', async () => {
    const exporter = new InMemorySpanExporter()
    const provider = new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] })
    const flow = await flows.open(drawing(), undefined, { tracing: { provider } })
    const running = flow.hooks.run({ prompt: 'a cat' })
    await finish(flow, 'draw', 1)
    await running
    const spans = exporter.getFinishedSpans()
    expect(spans.map(({ name }) => name)).toEqual(['start paint', 'POST', 'wait POST /done', 'job draw', 'run paint'])
    const [start, request] = spans.map((span) => span.spanContext().spanId)
    expect(spans.slice(1).map((span) => span.parentSpanContext?.spanId)).toEqual(Array(4).fill(start))
    expect(flow.service.requests[0]?.headers['traceparent']).toContain(request)
  })
})

describe('an SDK that is registered late', () => {
  test('records from then on', async () => {
    const flow = await flows.open(drawing())
    const before = flow.hooks.run({ prompt: 'a cat' })
    await finish(flow, 'draw', 1)
    await before
    const exporter = new InMemorySpanExporter()
    new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] }).register()
    try {
      const waiting = flow.hooks.wait('x')
      await flow.hooks.settle('x')
      await waiting
      expect(exporter.getFinishedSpans().map(({ name }) => name)).toEqual(['wait POST /done'])
    } finally {
      disableTracing()
    }
  })
})

describe('with an SDK', () => {
  const spans = useSpans()

  test('tracing: false records nothing', async () => {
    const flow = await flows.open(drawing(), undefined, { tracing: false })
    const running = flow.hooks.run({ prompt: 'a cat' })
    await finish(flow, 'draw', 1)
    await running
    const waiting = flow.hooks.wait('x')
    await flow.hooks.settle('x')
    await waiting
    expect(spans.all()).toEqual([])
    expect(flow.service.requests[0]?.headers).not.toHaveProperty('traceparent')
  })
})

describe('with an SDK that samples nothing', () => {
  const spans = useSpans(new AlwaysOffSampler())

  test('the service is told so', async () => {
    const flow = await flows.open(drawing())
    const running = flow.hooks.run({ prompt: 'a cat' })
    await finish(flow, 'draw', 1)
    await running
    expect(spans.all()).toEqual([])
    expect(flow.service.requests[0]?.headers['traceparent']).toMatch(/^00-[\da-f]{32}-[\da-f]{16}-00$/)
  })
})

describe('an SDK that is broken', () => {
  const broken = (): never => {
    throw new Error('no disk')
  }
  const idle = {
    onStart: () => undefined,
    onEnd: () => undefined,
    forceFlush: async () => undefined,
    shutdown: async () => undefined,
  }

  test.each([
    ['a processor at the start', () => new NodeTracerProvider({ spanProcessors: [{ ...idle, onStart: broken }] })],
    ['a processor at the end', () => new NodeTracerProvider({ spanProcessors: [{ ...idle, onEnd: broken }] })],
    ['a sampler', () => new NodeTracerProvider({ sampler: { shouldSample: broken } })],
    ['a provider', () => ({ getTracer: broken })],
  ])('(%s) harms no run and no wait, and is told once', async (_what, create) => {
    const flow = await flows.open(drawing(), undefined, { tracing: { provider: create() } })
    const running = flow.hooks.run({ prompt: 'a cat' })
    await finish(flow, 'draw', 1)
    expect(await running).toBe(1)
    const waiting = flow.hooks.wait('x')
    await flow.hooks.settle('x', 7)
    expect(await waiting).toBe(7)
    const told = flow.log.filter(({ message }) => message.startsWith('A span could not be recorded'))
    expect(told.map(({ message }) => message)).toEqual([
      'A span could not be recorded: no disk. The work goes on without it',
    ])
  })
})
