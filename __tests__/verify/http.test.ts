import { createHmac } from 'node:crypto'
import { createServer, type OutgoingHttpHeaders, request, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, test } from '@jest/globals'
import { compileVerify } from '../../lib/verify/verify'
import { createFakeClock } from '../helpers/fake-clock'
import { NOW_S, reasonOf, specOf } from './use-verify'

const servers: Server[] = []

afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => new Promise((resolve) => server.close(resolve))))
})

/** A server of Node, so that headers are those that Node makes of a request; it answers why a sender is refused. */
async function serve(config: unknown): Promise<(headers: OutgoingHttpHeaders) => Promise<string>> {
  const verify = compileVerify(specOf(config), {
    clock: createFakeClock(NOW_S * 1000),
    env: {},
    publicUrlOf: ({ url }) => `https://example.com${url}`,
    fetch: () => Promise.reject(new Error('nothing may be fetched here')),
  })
  const server = createServer((received, response) => {
    received.resume()
    try {
      void verify(received, Buffer.from('{}'))
      response.end('accepted')
    } catch (error) {
      response.end(reasonOf(error))
    }
  })
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return (headers) => send(port, headers)
}

function send(port: number, headers: OutgoingHttpHeaders): Promise<string> {
  return new Promise((resolve, reject) => {
    const sent = request(
      { port, host: '127.0.0.1', method: 'POST', path: '/done', headers, agent: false },
      (answer) => {
        let text = ''
        answer.setEncoding('utf8').on('data', (chunk: string) => {
          text += chunk
        })
        answer.on('end', () => resolve(text))
      },
    )
    sent.on('error', reject).end()
  })
}

const hex = createHmac('sha256', 's3cret').update('{}').digest('hex')

describe('over HTTP', () => {
  test('a header that Node would join is refused when it comes twice', async () => {
    const post = await serve({ scheme: 'github', secret: 's3cret' })
    const good = `sha256=${hex}`
    expect(await post({ 'X-Hub-Signature-256': good })).toBe('accepted')
    for (const lines of [
      [good, good],
      [good, 'sha256=00'],
      ['', good],
    ])
      expect(await post({ 'X-Hub-Signature-256': lines })).toContain('the header "x-hub-signature-256" comes twice')
    expect(await post({ 'X-Hub-Signature-256': `${good}, ${good}` })).toContain('not written as hex')
  })

  test('a header of which Node takes the first is refused when it comes twice', async () => {
    const post = await serve({ scheme: 'token', secret: 's3cret' })
    expect(await post({ Authorization: 'Bearer s3cret' })).toBe('accepted')
    expect(await post({ Authorization: ['Bearer s3cret', 'Bearer other'] })).toContain('comes twice')
    const template = await serve({ scheme: 'token', secret: 's3cret', signature: '${header.Authorization | ""}' })
    expect(await template({ Authorization: 's3cret' })).toBe('accepted')
    expect(await template({ Authorization: ['s3cret', 'other'] })).toContain('comes twice')
  })

  test('a token in UTF-8 is the text that the config says', async () => {
    const post = await serve({ scheme: 'token', secret: 'pässwört→' })
    expect(await post({ Authorization: Buffer.from('pässwört→').toString('latin1') })).toBe('accepted')
    expect(await post({ Authorization: 'pässwört' })).toContain('no secret of the endpoint')
  })

  test('headers that are named like what objects inherit are headers like any', async () => {
    const post = await serve({ scheme: 'github', secret: 's3cret' })
    // `__proto__` cannot be said in a literal.
    const strange = new Map([
      ['__proto__', 'x'],
      ['constructor', 'x'],
      ['hasOwnProperty', 'x'],
    ])
    const headers = Object.fromEntries([...strange, ['X-Hub-Signature-256', `sha256=${hex}`]])
    expect(await post(headers)).toBe('accepted')
    const odd = await serve({ scheme: 'token', secret: 's3cret', signature: '${header.constructor}' })
    expect(await odd({})).toContain('is missing')
    expect(await odd({ constructor: 's3cret' })).toBe('accepted')
  })
})
