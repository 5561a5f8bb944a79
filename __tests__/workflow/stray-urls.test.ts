import { describe, expect, test } from '@jest/globals'
import type { CallbacksConfig } from '../../lib'
import type { LogLine } from '../helpers/use-hosts'
import { DONE, drawing, useFlows } from './use-flows'

const flows = useFlows()
const listener = { ...DONE, path: '/image/done' }
const sending = (url: string): CallbacksConfig => ({
  ...drawing({ body: { prompt: '${input.prompt}', callback_url: url } }),
  listener,
})

/** What was said of URLs that lead here, but to no endpoint. */
function saidBy({ log }: { readonly log: readonly LogLine[] }): readonly string[] {
  return log
    .filter(({ level, message }) => level === 'warn' && message.includes('leads here'))
    .map(({ message }) => message)
}

describe('a URL that leads here, but to no endpoint, is warned of at load', () => {
  test.each<[string, string]>([
    ['http://localhost:8090/image/dne', 'did you mean "/image/done"?'],
    ['http://127.0.0.1:8090/imgae/done', 'did you mean "/image/done"?'],
    ['http://[::1]:8090/image/done2', 'did you mean "/image/done"?'],
    ['http://localhost:8090/Image-Dome?id=${context.run_id}', 'did you mean "/image/done"?'],
    ['http://localhost:8090/elsewhere', 'there are /image/done'],
    ['${gateway:8090.public_url}/image/dne', 'did you mean "/image/done"?'],
    ['https://gate.example/image/dne', 'did you mean "/image/done"?'],
  ])('%s', async (url, advice) => {
    const gateway = { type: 'http-tunnel', driver: 'static', port: 8090, public_url: 'https://gate.example' } as const
    const flow = await flows.open({ ...sending(url), gateway }, () => ({ body: 'at once' }))
    expect(saidBy(flow)).toEqual([
      expect.stringMatching(/^component\.body\.callback_url: http\S+ leads here, but no callback/),
    ])
    expect(saidBy(flow)[0]?.endsWith(advice)).toBe(true)
    await expect(flow.hooks.run()).resolves.toBe('at once')
    expect(saidBy(flow)).toHaveLength(1)
  })

  test.each<[string, object]>([
    ['params', { params: { hook: 'http://localhost:8090/image/dne' } }],
    ['headers', { headers: { 'X-Hook': 'http://localhost:8090/image/dne' } }],
    ['body.a[1].url', { body: { a: [1, { url: 'http://localhost:8090/image/dne' }] } }],
  ])('in %s of a component', async (at, component) => {
    const flow = await flows.open({ ...drawing({ body: undefined, method: 'POST', ...component }), listener })
    expect(saidBy(flow)).toEqual([expect.stringContaining(`component.${at}`)])
  })

  test('in the input of a job, and not again when it is sent', async () => {
    const config = drawing(
      { body: { hook: '${input.where}' } },
      { input: { where: 'http://localhost:8090/image/dne' } },
    )
    const flow = await flows.open({ ...config, listener }, () => ({ body: 'at once' }))
    expect(saidBy(flow)).toEqual([expect.stringMatching(/^workflow\.jobs\[0\]\.input\.where: /)])
    await flow.hooks.run()
    expect(saidBy(flow)).toHaveLength(1)
  })
})

describe('is warned of once when it is sent', () => {
  test.each([
    ['a local port', 'http://localhost:8090/image/dne', {}],
    ['the port of the app', 'http://localhost:3000/image/dne', { port: 3000 }],
    ['the public URL of the app', 'https://app.example/image/dne', { publicUrl: 'https://app.example' }],
    ['a mount', 'https://app.example/hooks/image/dne', { publicUrl: 'https://app.example', mountPath: '/hooks' }],
  ])('on %s', async (_, url, options) => {
    const flow = await flows.open(sending('${input.url}'), () => ({ body: 'at once' }), options)
    const warnings: unknown[] = []
    flow.hooks.on('warning', (event) => void warnings.push(event))
    expect(saidBy(flow)).toEqual([])
    for (let round = 0; round < 3; round += 1) await expect(flow.hooks.run({ url })).resolves.toBe('at once')
    expect(saidBy(flow)).toEqual([
      expect.stringMatching(/dne leads here, but no callback .+ did you mean "\/image\/done"\?$/),
    ])
    expect(warnings).toEqual([expect.objectContaining({ code: 'ERR_ENDPOINT_UNKNOWN' })])
    await flow.hooks.run({ url: url.replace('dne', 'doen') })
    expect(saidBy(flow)).toHaveLength(2)
  })
})

describe('nothing is said of', () => {
  test.each<[string, string]>([
    ['a URL of an endpoint', 'http://localhost:8090/image/done'],
    ['one in another spelling', 'http://localhost:8090//IMAGE/d%6Fne/?x=1'],
    ['one below a mount that nobody knows', 'http://localhost:8090/hooks/image/done'],
    ['a trigger', 'http://localhost:8090/go'],
    ['another port of this machine', 'http://localhost:9999/image/dne'],
    ['another origin', 'https://other.example/image/dne'],
    ['a sentence that begins with a URL', 'http://localhost:8090/image/dne is broken'],
    ['a text that mentions one', 'see http://localhost:8090/image/dne'],
  ])('%s', async (_, url) => {
    const config = {
      ...sending('${input.url}'),
      listener: undefined,
      listeners: [listener, { type: 'http-trigger', path: '/go' } as const],
    }
    const flow = await flows.open(config, () => ({ body: 'at once' }))
    void flow.hooks.run({ url }).catch(() => undefined)
    await flow.service.received()
    expect(saidBy(flow)).toEqual([])
    await flow.hooks.close()
  })

  test('a page of the host app under a name that tells no callback', async () => {
    const config = { ...drawing({ body: { image: 'http://localhost:8090/files/cat.png' } }), listener }
    const flow = await flows.open(config, () => ({ body: 'at once' }))
    await flow.hooks.run()
    expect(saidBy(flow)).toEqual([])
  })

  test('more than a hundred paths, which may come from input', async () => {
    const flow = await flows.open(drawing({ body: { callback_urls: '${input}' } }), () => ({ body: 'at once' }))
    await flow.hooks.run(Array.from({ length: 300 }, (_, index) => `http://localhost:8090/don${index}`))
    expect(saidBy(flow)).toHaveLength(100)
  })
})
