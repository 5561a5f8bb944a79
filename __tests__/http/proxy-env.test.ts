import { describe, expect, test } from '@jest/globals'
import { createFindProxy, createProxyAdvice } from '../../lib/http/proxy-env'
import { useServices } from '../helpers/fake-service'
import { findFreePorts } from '../helpers/free-ports'
import { errorOf } from './requests'
import { useFlows } from '../workflow/use-flows'

const services = useServices()
const flows = useFlows()

function find(url: string, env: Record<string, string>): string | undefined {
  const proxy = createFindProxy(env)?.(new URL(url))
  return proxy && `${proxy.variable} ${proxy.url.href}`
}

const BOTH = { HTTP_PROXY: 'http://a.test:3128', HTTPS_PROXY: 'http://b.test:3128' }

describe('the proxy for a URL', () => {
  test.each<[string, Record<string, string>, string | undefined]>([
    ['http://x.test/', BOTH, 'HTTP_PROXY http://a.test:3128/'],
    ['https://x.test/', BOTH, 'HTTPS_PROXY http://b.test:3128/'],
    ['https://x.test/', { HTTP_PROXY: 'http://a.test' }, undefined],
    ['https://x.test/', { ALL_PROXY: 'http://c.test' }, 'ALL_PROXY http://c.test/'],
    ['http://x.test/', { ...BOTH, http_proxy: 'http://lower.test' }, 'http_proxy http://lower.test/'],
    ['http://x.test/', { HTTP_PROXY: ' a.test:3128 ' }, 'HTTP_PROXY http://a.test:3128/'],
    ['http://x.test/', { HTTP_PROXY: 'http://me:pw@a.test' }, 'HTTP_PROXY http://me:pw@a.test/'],
    ['http://x.test/', { HTTP_PROXY: '' }, undefined],
    ['http://x.test/', { HTTP_PROXY: 'socks5://a.test' }, undefined],
    ['http://x.test/', { HTTP_PROXY: 'http://[' }, undefined],
    ['http://x.test/', {}, undefined],
    ['http://localhost:1/', BOTH, undefined],
    ['http://api.localhost/', BOTH, undefined],
    ['http://127.0.0.1/', BOTH, undefined],
    ['http://127.8.9.1/', BOTH, undefined],
    ['https://[::1]/', BOTH, undefined],
    ['http://128.0.0.1/', BOTH, 'HTTP_PROXY http://a.test:3128/'],
  ])('%s with %j is %s', (url, env, proxy) => {
    expect(find(url, env)).toBe(proxy)
  })

  test.each<[string, string, boolean]>([
    ['x.test', 'http://x.test/', true],
    ['x.test', 'http://api.x.test/', true],
    ['x.test', 'http://notx.test/', false],
    ['.x.test', 'http://api.x.test/', true],
    ['*.x.test', 'http://api.x.test/', true],
    ['X.TEST', 'http://x.test./', true],
    ['a.test, x.test', 'http://x.test/', true],
    ['a.test x.test', 'http://x.test/', true],
    ['*', 'http://x.test/', true],
    ['x.test:8080', 'http://x.test:8080/', true],
    ['x.test:8080', 'http://x.test/', false],
    ['x.test:80', 'http://x.test/', true],
    ['10.0.0.1', 'http://10.0.0.1/', true],
    ['10.0.0.0/8', 'http://10.1.2.3/', true],
    ['10.0.0.0/8', 'http://11.1.2.3/', false],
    ['10.0.0.0/8', 'http://x.test/', false],
    ['10.0.0.0/99', 'http://10.1.2.3/', false],
    ['fd00::/8', 'http://[fd00::1]/', true],
    ['fd00::1', 'http://[fd00::1]/', true],
    ['', 'http://x.test/', false],
    [',.,', 'http://x.test/', false],
  ])('NO_PROXY=%j asks %s directly: %p', (list, url, isDirect) => {
    expect(find(url, { ...BOTH, NO_PROXY: list }) === undefined).toBe(isDirect)
    expect(find(url, { ...BOTH, no_proxy: list }) === undefined).toBe(isDirect)
  })
})

describe('an error of the connection', () => {
  const component = (base: string) => ({ base_url: base, path: '/x', completion: 'none' }) as const

  test.each(['HTTP_PROXY', 'http_proxy', 'ALL_PROXY'])('says that %s is set, and not used', async (variable) => {
    const { hooks } = await flows.open(
      { component: component('http://nowhere.invalid'), workflow: { jobs: [{ id: 'ask' }] } },
      () => undefined,
      { env: { [variable]: 'http://me:hidden-pw@proxy.test:3128' } },
    )
    const error = await errorOf(hooks.run(), 'ERR_HTTP_NETWORK')
    expect(error.message).toContain(`${variable} is set, but this request did not use that proxy: give options.fetch`)
    expect(error.message).not.toContain('hidden-pw')
  })

  test.each<[string, Record<string, string>]>([
    ['a port of this machine', { HTTP_PROXY: 'http://proxy.test' }],
    ['no proxy', {}],
  ])('says nothing of it with %s', async (_what, env) => {
    const [port] = await findFreePorts(1)
    const config = { component: component(`http://127.0.0.1:${port}`), workflow: { jobs: [{ id: 'ask' }] } }
    const { hooks } = await flows.open(config, () => undefined, { env })
    const error = await errorOf(hooks.run(), 'ERR_HTTP_NETWORK')
    expect(error.message).toMatch(/failed: nothing listens there \(ECONNREFUSED\)$/)
  })

  test('says nothing of it with a fetch of your own, or where it was answered', async () => {
    const env = { HTTP_PROXY: 'http://proxy.test' }
    const broken = (): Promise<Response> => Promise.reject(Object.assign(new Error('x'), { code: 'ECONNREFUSED' }))
    const config = { component: component('http://nowhere.invalid'), workflow: { jobs: [{ id: 'ask' }] } }
    const { hooks } = await flows.open(config, () => undefined, { env, fetch: broken })
    expect((await errorOf(hooks.run(), 'ERR_HTTP_NETWORK')).message).not.toContain('HTTP_PROXY')
    const service = await services.open(() => ({ status: 500 }))
    const answered = await flows.open({ ...config, component: component(service.origin) }, () => undefined, { env })
    expect((await errorOf(answered.hooks.run(), 'ERR_HTTP_STATUS')).message).not.toContain('HTTP_PROXY')
  })

  test('there is no advice for what NO_PROXY excepts', () => {
    const advise = createProxyAdvice({ HTTPS_PROXY: 'http://proxy.test', NO_PROXY: 'x.test' })
    expect(advise?.(new URL('https://x.test/'))).toBeUndefined()
    expect(advise?.(new URL('https://y.test/'))).toContain('HTTPS_PROXY is set')
  })
})
