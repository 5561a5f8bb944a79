import { describe, expect, test } from '@jest/globals'
import { createProxyFetch } from '../../lib/cli/proxy'
import { useProxies } from '../helpers/fake-proxy'
import { useServices } from '../helpers/fake-service'
import { findFreePorts } from '../helpers/free-ports'
import { useCli } from './use-cli'

const cli = useCli()
const services = useServices()
const proxies = useProxies()

const CONFIG = `
component: { base_url: "\${env.API}", path: /tasks, body: { prompt: "\${input.prompt}" }, completion: none }
workflow: { jobs: [{ id: ask }] }
`

function runWith(env: Record<string, string>) {
  return cli.run(['run', '--set', 'prompt=a cat'], { files: { 'callbacks.yml': CONFIG }, env })
}

describe('the command line behind a proxy', () => {
  test.each(['HTTP_PROXY', 'http_proxy', 'ALL_PROXY'])('asks plain http through that of %s', async (variable) => {
    const service = await services.open(({ body, headers }) => ({ body: { body, host: headers.host } }))
    const proxy = await proxies.open(service.origin)
    const env = { API: 'http://api.test', [variable]: proxy.origin.replace('//', '//me:p%40ss@') }
    const { code, stdout, stderr } = await runWith(env)
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(JSON.parse(stdout)).toEqual({ body: { prompt: 'a cat' }, host: 'api.test' })
    const credentials = `Basic ${Buffer.from('me:p@ss').toString('base64')}`
    expect(proxy.asked).toEqual([`POST http://api.test/tasks ${credentials}`])
  })

  test('asks https through a tunnel', async () => {
    const service = await services.open(() => ({ body: {} }))
    const proxy = await proxies.open(service.origin)
    const { code, stderr } = await runWith({ API: 'https://api.test', HTTPS_PROXY: proxy.origin })
    expect(proxy.asked).toEqual(['CONNECT api.test:443'])
    expect(code).toBe(1) // the service speaks no TLS
    expect(stderr).toContain('POST https://api.test/tasks failed: ')
  })

  test.each([{}, { NO_PROXY: '127.0.0.1' }])('asks this machine directly, with %j', async (more) => {
    const service = await services.open(() => ({ body: 1 }))
    const proxy = await proxies.open(service.origin)
    const { code } = await runWith({ API: service.origin, HTTP_PROXY: proxy.origin, ...more })
    expect([code, proxy.asked, service.requests.length]).toEqual([0, [], 1])
  })

  test('asks directly what NO_PROXY names', async () => {
    const proxy = await proxies.open('http://127.0.0.1:1')
    const { code, stderr } = await runWith({
      API: 'http://nowhere.invalid',
      HTTP_PROXY: proxy.origin,
      NO_PROXY: '.invalid',
    })
    expect([code, proxy.asked]).toEqual([1, []])
    expect(stderr).toContain('http://nowhere.invalid/tasks failed: ')
  })

  test.each([
    ['http://api.test', 407],
    ['https://api.test', 407],
    ['https://api.test', 403],
  ])('says of %s that the proxy refused with %i', async (api, status) => {
    const proxy = await proxies.open('http://127.0.0.1:1', status)
    const { code, stderr } = await runWith({ API: api, ALL_PROXY: proxy.origin })
    expect(code).toBe(1)
    expect(stderr).toContain(String(status))
    expect(stderr).toMatch(/proxy/i)
  })

  test('says that the proxy cannot be reached, and not the service', async () => {
    const [port] = await findFreePorts(1)
    const { code, stderr } = await runWith({
      API: 'http://api.test',
      HTTP_PROXY: `http://me:hidden-pw@127.0.0.1:${port}`,
    })
    expect(code).toBe(1)
    expect(stderr).toContain(
      `failed: the proxy 127.0.0.1:${port} of HTTP_PROXY cannot be used: nothing listens there (ECONNREFUSED)`,
    )
    expect(stderr).not.toContain('hidden-pw')
  })
})

describe('without the package undici', () => {
  const load = (): never => {
    throw Object.assign(new Error("Cannot find module 'undici'"), { code: 'MODULE_NOT_FOUND' })
  }

  test('a warning says what to install', () => {
    const lines: string[] = []
    const log = { warn: (_details: object, message: string) => void lines.push(message) }
    expect(createProxyFetch({ env: { HTTPS_PROXY: 'http://proxy.test' }, log, load })).toBeUndefined()
    expect(lines).toEqual(['A proxy is set in the environment, but requests are sent without it: npm install undici@7'])
  })

  test.each([{}, { HTTP_PROXY: '' }, { NO_PROXY: '*' }])('nothing is loaded or said with %j', (env) => {
    const log = { warn: () => expect('a warning').toBe('none') }
    expect(createProxyFetch({ env, log, load: () => expect('loaded').toBe('not') as never })).toBeUndefined()
  })
})
