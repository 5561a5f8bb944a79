import type { IncomingHttpHeaders } from 'node:http'
import { expect, test } from '@jest/globals'
import type { GatewayStatus } from '../../lib/base/contracts'
import type { ListenerRequest } from '../../lib/body/request'
import { type ControllerPlace, createStatusUrls } from '../../lib/listener/held/status-urls'

interface Case {
  readonly host?: string
  readonly hostname?: string
  readonly headers?: IncomingHttpHeaders
  /** Where the request was mounted; undefined for a server of the listener's own. */
  readonly baseUrl?: string
  readonly mount?: string
  readonly server?: Partial<ControllerPlace>
  readonly publicUrl?: string
  /** Public URLs by port. */
  readonly gateways?: Readonly<Record<number, string>>
}

const OWN = { scheme: 'http', host: '127.0.0.1', configPort: 8080, port: 8080, basePath: '' } as const

function urlFor({ host, hostname, headers, baseUrl, mount, server, publicUrl, gateways = {} }: Case) {
  const listed = Object.entries(gateways).map(([port, url]) => [Number(port), { publicUrl: url }] as const)
  const statuses = new Map(listed) as unknown as ReadonlyMap<number, GatewayStatus>
  const urls = createStatusUrls({ publicUrl, gateways: { statuses } })
  if (mount !== undefined) urls.noteMount(mount)
  if (server !== undefined) urls.noteServer({ ...OWN, ...server })
  const request = { headers: headers ?? { host }, baseUrl, ...(hostname !== undefined && { hostname }) }
  return urls.of('t/1', request as unknown as ListenerRequest)
}

const ANY = { server: { host: '0.0.0.0' } }

test.each<[string, Case, string | undefined]>([
  ['no controller', { host: 'localhost' }, undefined],
  ['a controller in the same app', { host: 'a.example', baseUrl: '', mount: '/admin' }, '/admin/tasks/t%2F1'],
  [
    'one below a public URL with a path, called by that',
    { host: 'a.example', baseUrl: '/hooks', mount: '/admin', publicUrl: 'https://a.example/x/' },
    '/x/admin/tasks/t%2F1',
  ],
  [
    'one below a public URL with a path, called from inside',
    { host: '10.0.0.7:3000', baseUrl: '/hooks', mount: '/admin', publicUrl: 'https://a.example/x/' },
    '/admin/tasks/t%2F1',
  ],
  ['a mount elsewhere, of a listener with its own server', { host: 'a.example:8090', mount: '/admin' }, undefined],
  [
    'the same, with the public URL of the app',
    { host: 'a.example:8090', mount: '/admin', publicUrl: 'https://a.example/' },
    'https://a.example/admin/tasks/t%2F1',
  ],
  ['its own server, near', { host: 'localhost:8090', server: {} }, 'http://127.0.0.1:8080/tasks/t%2F1'],
  ['its own server, near, by IPv6', { host: '[::1]:8090', server: { host: '::1' } }, 'http://[::1]:8080/tasks/t%2F1'],
  ['its own server on this machine alone, from afar', { host: 'a.example', server: {} }, undefined],
  ['the same, by a tunnel', { host: 'x.trycloudflare.example', server: { host: 'localhost' } }, undefined],
  ['one on all addresses', { host: 'a.example:8090', ...ANY }, 'http://a.example:8080/tasks/t%2F1'],
  [
    'one on all addresses of IPv6',
    { host: '[fe80::7]:8090', server: { host: '::' } },
    'http://[fe80::7]:8080/tasks/t%2F1',
  ],
  [
    'one on all addresses, with TLS, another port and a path',
    { host: '192.168.1.5:8090', server: { ...ANY.server, scheme: 'https', port: 9443, basePath: '/api' } },
    'https://192.168.1.5:9443/api/tasks/t%2F1',
  ],
  ['one on all addresses, near', { host: 'localhost:8090', ...ANY }, 'http://127.0.0.1:8080/tasks/t%2F1'],
  ['HTTP/2', { headers: { ':authority': 'a.example:8090' }, ...ANY }, 'http://a.example:8080/tasks/t%2F1'],
  ['a trusted proxy', { host: 'inside', hostname: 'a.example', ...ANY }, 'http://a.example:8080/tasks/t%2F1'],
  ['no host', { headers: {}, ...ANY }, undefined],
  ['a host that is none', { host: 'a.example/@b.example', ...ANY }, undefined],
  [
    'one on all addresses behind a tunnel that leads to the listener alone',
    { host: 'x.tunnel.example', ...ANY, gateways: { 8090: 'https://x.tunnel.example' } },
    undefined,
  ],
  [
    'a gateway on its port',
    { host: 'x.tunnel.example', server: { basePath: '/api' }, gateways: { 8080: 'https://y.tunnel.example/' } },
    'https://y.tunnel.example/api/tasks/t%2F1',
  ],
  ['one address', { host: 'a.example', server: { host: '10.0.0.7' } }, 'http://10.0.0.7:8080/tasks/t%2F1'],
])('the status URL with %s', (_what, given, url) => {
  expect(urlFor(given)).toBe(url)
})
