import { IncomingMessage } from 'node:http'
import { Socket } from 'node:net'
import { describe, expect, test } from '@jest/globals'
import { compileConfig, type ListenerSpec } from '../../lib/config/normalize'
import { createCalledUrlOf } from '../../lib/listener/paths/callback-url'
import type { ListenerRequest } from '../../lib/body/request'

function listenerOf(more: object = {}): ListenerSpec {
  const [listener] = compileConfig({ listener: { path: '/done', ...more } }).listeners
  if (listener === undefined) throw new Error('there is no listener')
  return listener
}

function requestOf(parts: object): ListenerRequest {
  return Object.assign(new IncomingMessage(new Socket()), { url: '/done', rawHeaders: [] }, parts)
}

const calledUrlOf = createCalledUrlOf({ publicUrl: undefined }, () => undefined)

describe('the URL under which a sender called', () => {
  test.each<[string, object, string]>([
    ['its Host', { headers: { host: 'a.example:81' } }, 'http://a.example:81/done'],
    [
      'the protocol that Express tells',
      { headers: { host: 'a.example' }, protocol: 'https' },
      'https://a.example/done',
    ],
    [
      'nothing that stands there instead',
      { headers: { host: 'a.example' }, protocol: 'https://x' },
      'http://a.example/done',
    ],
    ['the authority of HTTP/2', { headers: { ':authority': 'a.example' } }, 'http://a.example/done'],
    ['a whole URL', { headers: { host: 'b.example' }, url: 'http://a.example/done?x' }, 'http://a.example/done?x'],
    [
      'what the host app has cut',
      { headers: { host: 'a.example' }, originalUrl: '/hooks/done?' },
      'http://a.example/hooks/done?',
    ],
    [
      'no header of proxies',
      { headers: { host: 'a.example', 'x-forwarded-host': 'b', 'x-forwarded-proto': 'https' } },
      'http://a.example/done',
    ],
  ])('is made of %s', (_name, parts, url) => {
    expect(calledUrlOf(listenerOf(), requestOf(parts))).toBe(url)
  })

  test.each<[string, object]>([
    ['without any', { headers: {} }],
    ['of a platform with a path in it', { headers: { host: 'a.example/x' } }],
    ['of HTTP/2 with a user', { headers: { ':authority': 'u@a.example' } }],
    ['in a whole URL, with a user', { headers: { host: 'a.example' }, url: 'http://u@a.example/done' }],
    ['in a whole URL of another kind', { headers: { host: 'a.example' }, url: 'https://a.example:x/done' }],
    ['that comes twice', { headers: { host: 'a.example' }, rawHeaders: ['Host', 'a.example', 'HOST', 'a.example'] }],
    ['that is an address with a zone', { headers: { host: '[fe80::1%25eth0]' } }],
    ['that is not ASCII', { headers: { host: 'größe.example' } }],
  ])('is refused with a Host %s', (_name, parts) => {
    expect(() => calledUrlOf(listenerOf(), requestOf(parts))).toThrow(expect.objectContaining({ code: 'ERR_REQUEST' }))
  })

  test.each<[object, string]>([
    [{ headers: {} }, 'https://u:p%40@ours.example/x/done'],
    [{ headers: { host: 'theirs.example' }, url: 'http://a.example/done' }, 'https://u:p%40@ours.example/x/done'],
  ])('is that of public_url, as it is written: %j', (parts, url) => {
    expect(calledUrlOf(listenerOf({ public_url: 'https://u:p%40@ours.example/x/' }), requestOf(parts))).toBe(url)
  })
})
