import { describe, expect, test } from '@jest/globals'
import { compileConfig, type HttpClientSpec } from '../../lib/config/normalize'
import { compileYaml } from './problems'

function httpClientOf(text: string): HttpClientSpec {
  const spec = compileYaml(text).components?.get('__component__')
  if (spec?.type !== 'http-client') throw new Error('expected an http-client')
  return spec
}

function names(text: string): readonly string[] {
  return [...(compileYaml(text).components?.keys() ?? [])]
}

describe('a component', () => {
  test('has every default', () => {
    expect(httpClientOf('component: { path: /x }')).toMatchObject({
      at: 'component',
      id: '__component__',
      type: 'http-client',
      path: { source: '/x' },
      timeoutMs: undefined,
      requestTimeoutMs: 30_000,
      completion: undefined,
      idempotency: false,
    })
  })

  test('reads every key, inline or under action', () => {
    const keys = `path: "/x/\${input.id}", method: put, params: { a: 1 }, body: { b: "\${context.run_id}" },
      output: "\${response}", completion: none, idempotency: true`
    const inline = httpClientOf(
      `component: { base_url: https://x, rate_limit: 10/s, headers: { A: a }, timeout: 5s, ${keys} }`,
    )
    const nested = httpClientOf(`component: { base_url: https://x, rate_limit: 10/s, headers: { A: a }, timeout: 9s,
      action: { headers: { B: b }, timeout: 5s, ${keys} } }`)
    for (const spec of [inline, nested]) {
      expect(spec).toMatchObject({
        baseUrl: { source: 'https://x' },
        rateLimit: { count: 10, windowMs: 1000 },
        path: { source: '/x/${input.id}' },
        method: 'PUT',
        params: { source: { a: 1 } },
        body: { source: { b: '${context.run_id}' } },
        timeoutMs: 5000,
        requestTimeoutMs: 5000,
        completion: { type: 'none' },
        idempotency: true,
      })
    }
    expect(inline).toMatchObject({ headers: { source: { A: 'a' } }, baseHeaders: undefined })
    expect(nested).toMatchObject({ headers: { source: { B: 'b' } }, baseHeaders: { source: { A: 'a' } } })
  })

  test('may write to the log', () => {
    const { components } = compileConfig({ components: { log: { type: 'logger', level: 'warn' } } })
    expect(components?.get('log')).toMatchObject({ id: 'log', type: 'logger', level: 'warn' })
  })

  test('has a name by mapping, by list or alone', () => {
    expect(names('components: { a: { path: /a }, b-2: { path: /b } }')).toEqual(['a', 'b-2'])
    expect(names('components: [{ id: a, path: /a }, { id: b, path: /b }]')).toEqual(['a', 'b'])
    expect(names('component: { id: a, path: /a }')).toEqual(['a'])
    expect(names('component: { path: /a }')).toEqual(['__component__'])
    expect(compileConfig({}).components).toBeUndefined()
    expect(compileConfig({ components: {} }).components?.size).toBe(0)
    expect(names('components: { constructor: { path: /a } }')).toEqual(['constructor'])
  })

  test('that cannot know where to send loads with a warning', () => {
    expect(compileYaml('components: { a: { body: { x: 1 } } }').warnings).toMatchObject([
      { at: 'components.a', message: expect.stringContaining('neither base_url, path nor endpoint') },
    ])
  })

  test('that reads a gateway on a port without one loads with a warning', () => {
    const text = 'component: { path: /x, body: { a: "${gateway:8090.public_url}", b: "${gateway:8080.port}" } }\n'
    const { warnings } = compileYaml(`${text}gateway: { driver: ngrok, port: 8080 }`)
    expect(warnings).toMatchObject([{ code: 'ERR_GATEWAY_MISSING', at: 'component.body' }])
    expect(warnings[0]?.message).toContain('${gateway:8090…} reads a gateway that is not defined')
  })
})

describe('a completion', () => {
  test.each([
    ['none', { type: 'none' }],
    ['callback', { type: 'callback', path: undefined, waitFor: undefined, fallback: undefined }],
    [
      '{ wait_for: ["${response.id}"], path: /done, timeout: 1m, done_when: "${response.done}" }',
      { type: 'callback', waitFor: { source: ['${response.id}'] }, path: { source: '/done' }, timeoutMs: 60_000 },
    ],
    [
      '{ type: polling, path: "/tasks/${response.id}" }',
      { type: 'polling', polling: { path: { source: '/tasks/${response.id}' }, intervalMs: 5000, timeoutMs: 300_000 } },
    ],
    [
      '{ interval: 1s, endpoint: "https://x", status: "${response.s}", success_when: ok, fail_when: bad, result: "${response.r}" }',
      { type: 'polling', polling: { intervalMs: 1000, successWhen: ['ok'], failWhen: ['bad'] } },
    ],
    [
      '{ type: callback, fallback: { after: 2m, path: /tasks, interval: 10s } }',
      { type: 'callback', fallback: { afterMs: 120_000, intervalMs: 10_000, timeoutMs: 300_000 } },
    ],
  ])('%s is understood', (text, expected) => {
    expect(httpClientOf(`component: { path: /x, completion: ${text} }`).completion).toMatchObject(expected)
  })
})
