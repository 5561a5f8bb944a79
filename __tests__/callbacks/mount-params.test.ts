import { describe, expect, test } from '@jest/globals'
import type { Express, RouterOptions } from 'express'
import request from 'supertest'
import type { Callbacks, CallbacksOptions } from '../../lib'
import { VERSIONS } from '../helpers/express-versions'
import { useHosts } from '../helpers/use-hosts'

const hosts = useHosts()
const config = { listener: { path: '/done', identify_by: '${body.id}', result: '${params}' } }
const AMBIGUOUS = expect.objectContaining({ code: 'ERR_ENDPOINT_AMBIGUOUS' })

describe.each(VERSIONS)('in Express $version', ({ version, express }) => {
  const wrap = (hooks: Callbacks, options: RouterOptions, path = '/hooks') => express.Router(options).use(path, hooks)

  async function serve(
    mount: (app: Express, hooks: Callbacks) => unknown,
    listener: object = {},
    options: CallbacksOptions = {},
  ) {
    const { hooks } = hosts.start({ listener: { ...config.listener, ...listener } }, options)
    const app = express()
    mount(app, hooks)
    const origin = await hosts.serve(app)
    return { hooks, post: (path: string) => request(origin).post(path).send({ id: 'a' }) }
  }

  test.each<[string, (app: Express, hooks: Callbacks) => unknown, string, object]>([
    [
      'a mount',
      (app, hooks) => app.use('/tenants/:tenant/hooks', hooks),
      '/tenants/a%20b/hooks/done',
      { tenant: 'a b' },
    ],
    ['a mount with two', (app, hooks) => app.use('/:a/:b', hooks), '/1/%C3%B6/done', { a: '1', b: 'ö' }],
    ['a router of one port', (app, hooks) => app.use('/:tenant', hooks.router(8090)), '/7/done', { tenant: '7' }],
    [
      'a router that merges them',
      (app, hooks) => app.use('/tenants/:tenant', wrap(hooks, { mergeParams: true })),
      '/tenants/7/hooks/done',
      { tenant: '7' },
    ],
    [
      'two routers, both with parameters',
      (app, hooks) => app.use('/:tenant', wrap(hooks, { mergeParams: true }, '/:team')),
      '/7/blue/done',
      { tenant: '7', team: 'blue' },
    ],
    [
      'the inner of two routers, where the parameters are not merged',
      (app, hooks) => app.use('/:tenant', wrap(hooks, {}, '/:team')),
      '/7/blue/done',
      { team: 'blue' },
    ],
    [
      'no router between that does not merge',
      (app, hooks) => app.use('/tenants/:tenant', wrap(hooks, {})),
      '/tenants/7/hooks/done',
      {},
    ],
    ['a mount without parameters', (app, hooks) => app.use('/hooks', hooks), '/hooks/done', {}],
  ])('${params} holds those of %s', async (_, mount, path, params) => {
    const { hooks, post } = await serve(mount)
    const wait = hooks.wait('a')
    expect((await post(path)).status).toBe(200)
    await expect(wait).resolves.toEqual(params)
  })

  test.each<[string, string, string, object]>([
    ['wins over one of the mount', '/:id', '/mine/theirs', { id: 'theirs' }],
    ['stands beside those of the mount', '/:task', '/mine/theirs', { id: 'mine', task: 'theirs' }],
    ['leaves that of the mount when it is missing', '/done{/:id}', '/mine/done', { id: 'mine' }],
  ])('a parameter of the callback %s', async (_, path, url, params) => {
    const { hooks, post } = await serve((app, mounted) => app.use('/:id', mounted), { path })
    const wait = hooks.wait('a')
    await post(url)
    await expect(wait).resolves.toEqual(params)
  })

  test('an id may be made of one', async () => {
    const { hooks, post } = await serve((app, mounted) => app.use('/t/:tenant', mounted), {
      identify_by: '${params.tenant}/${body.id}',
    })
    const wait = hooks.wait('7/a')
    await post('/t/8/done')
    await post('/t/7/done')
    await expect(wait).resolves.toEqual({ tenant: '7' })
  })

  describe('the ticket of a mount that has parameters', () => {
    const byTenant = (app: Express, hooks: Callbacks): unknown => app.use('/tenants/:tenant/hooks', hooks)
    const pathOf = (url: string): string => new URL(url).pathname

    test.each<[string, (app: Express, hooks: Callbacks) => unknown, readonly string[]]>([
      ['after one request', byTenant, ['/tenants/a/hooks/done']],
      ['after a request that no endpoint takes', byTenant, ['/tenants/a/hooks/nothing']],
      ['of a router', (app, hooks) => app.use('/tenants/:tenant/hooks', hooks.router(8090)), ['/tenants/a/hooks/done']],
      [
        'whose router does not merge, once two have come',
        (app, hooks) => app.use('/tenants/:tenant', wrap(hooks, {})),
        ['/tenants/a/hooks/done', '/tenants/b/hooks/done'],
      ],
      ['of several mounts', (app, hooks) => app.use('/a', hooks).use('/b', hooks), ['/a/done', '/b/done', '/a/done']],
    ])('is refused %s, and never names that of another request', async (_, mount, paths) => {
      const { hooks, post } = await serve(mount)
      for (const path of paths) await post(path)
      expect(() => hooks.ticket()).toThrow(AMBIGUOUS)
      expect(() => hooks.ticket()).toThrow(/mountPath/)
      expect(() => hooks.ticket()).not.toThrow(/tenants\/[ab]/)
      expect(hooks.stats().waiting).toBe(0)
      expect(pathOf(hooks.ticket({ mountPath: '/tenants/c/hooks' }).url)).toBe('/tenants/c/hooks/done')
    })

    test('is settled under the path that it names', async () => {
      const { hooks, post } = await serve(byTenant)
      await post('/tenants/a/hooks/done')
      const { url, result } = hooks.ticket({ mountPath: 'tenants/größe b/hooks/' })
      expect(pathOf(url)).toBe('/tenants/gr%C3%B6%C3%9Fe%20b/hooks/done')
      expect((await post(url.replace('http://localhost:8090', ''))).status).toBe(200)
      await expect(result).resolves.toEqual({ tenant: 'größe b' })
    })

    test('is refused at once where options.mountPath has parameters', async () => {
      const { hooks } = await serve(byTenant, {}, { mountPath: '/tenants/:tenant/hooks' })
      expect(() => hooks.ticket()).toThrow(/options.mountPath is "\/tenants\/:tenant\/hooks"/)
      expect(pathOf(hooks.ticket({ mountPath: '/tenants/c/hooks' }).url)).toBe('/tenants/c/hooks/done')
    })

    test('that options.mountPath fixes is that', async () => {
      const { hooks, post } = await serve(byTenant, {}, { mountPath: '/tenants/main/hooks' })
      await post('/tenants/a/hooks/done')
      expect(pathOf(hooks.ticket().url)).toBe('/tenants/main/hooks/done')
    })
  })

  test.each(['/hooks', '/HOOKS'])('one mount is no other when a request writes it as %s', async (path) => {
    const { hooks, post } = await serve((app, mounted) => app.use('/hooks', mounted))
    await post('/hooks/done')
    await post(`${path}/done`)
    expect(new URL(hooks.ticket().url).pathname).toBe('/hooks/done')
  })

  test('no way in which a sender writes the path makes a second mount of one', async () => {
    const { hooks, post } = await serve((app, own) => app.use('/a/größe', own))
    await post('/a/gr%C3%B6%C3%9Fe/x')
    const { url } = hooks.ticket()
    for (const path of [
      '/A/gr%C3%B6%C3%9Fe/x',
      '/a/GR%C3%B6%C3%9Fe/x',
      '/a/gr%c3%b6%c3%9fe/x',
      '/a/%67r%C3%B6%C3%9Fe/x',
      '/a/gro%CC%88%C3%9Fe/x',
      '//a//gr%C3%B6%C3%9Fe//x',
      '/a%2Fgr%C3%B6%C3%9Fe/x',
      '/a/gr%C3%B6%C3%9Fe/%2E%2E/b/x',
      '/a/gr%25C3%25B6%25C3%259Fe/x',
      '/a/gr%C3%B6%C3%9Fe;v=1/x',
      '/a/gr%C3%B6%C3%9Fe?/b/x',
      '/a/%FF/x',
    ]) {
      await post(path)
      expect(hooks.ticket().url.split('?')[0]).toBe(url.split('?')[0])
    }
  })

  test('the parameters of a route are read, and are none of a mount', async () => {
    const url = version === 5 ? '/x/:task/*rest' : '/x/:task/*'
    const { hooks, post } = await serve((app, mounted) => app.post(url, mounted), { path: '/x/:id/done' })
    const wait = hooks.wait('a')
    await post('/x/7/done')
    await expect(wait).resolves.toMatchObject({ id: '7', task: '7' })
  })
})

describe('a server of ours below options.mountPath', () => {
  const mountPath = '/tenants/:tenant/hooks'

  test.each([
    ['/tenants/a/hooks/done', { tenant: 'a' }],
    ['/TENANTS/A/Hooks/done', { tenant: 'A' }],
    ['/tenants/gr%c3%b6ss/hooks/done', { tenant: 'gröss' }],
    ['/tenants/a%2Fb//hooks//done', { tenant: 'a/b' }],
  ])('takes %s', async (path, params) => {
    const { hooks } = hosts.start(config, { mountPath })
    const origin = await hosts.serve(hooks.createServer())
    const wait = hooks.wait('a')
    expect((await request(origin).post(path).send({ id: 'a' })).status).toBe(200)
    await expect(wait).resolves.toEqual(params)
    for (const other of ['/done', '/tenants/hooks/done', '/tenants/a/b/hooks/done', '/tenants/%FF/hooks/done'])
      expect([other, (await request(origin).post(other).send({ id: 'a' })).status]).toEqual([other, 404])
  })
})

describe('a mount path is refused', () => {
  test.each([
    '/tenants/:tenant/hooks',
    '/files/*rest',
    '/hooks{/:x}',
    'https://app.example/hooks',
    '/hooks?x=1',
    '/hooks#x',
    '/a/../hooks',
    '/a/%2e%2E/hooks',
    '/a\\..\\hooks',
    '/a\nb',
  ])('%j, for a ticket', (mountPath) => {
    const { hooks } = hosts.start(config)
    expect(() => hooks.ticket({ mountPath })).toThrow(
      expect.objectContaining({ code: 'ERR_CONFIG_VALUE', at: 'mountPath' }),
    )
    expect(hooks.stats().waiting).toBe(0)
  })

  test.each(['/a/:', '/a{', '/a(b)'])('%j, as an option', (mountPath) => {
    expect(() => hosts.start(config, { mountPath })).toThrow(
      expect.objectContaining({ code: 'ERR_CONFIG_VALUE', at: 'options.mountPath' }),
    )
  })
})

test('a colon inside a segment is a colon, and listen() knows no mount', async () => {
  const { hooks } = hosts.start({ listener: { ...config.listener, port: 0, host: '127.0.0.1' } })
  expect(new URL(hooks.ticket({ mountPath: '/t/org:7' }).url).pathname).toBe('/t/org:7/done')
  const { close } = await hooks.listen()
  expect(new URL(hooks.ticket().url).pathname).toBe('/done')
  await close()
})
