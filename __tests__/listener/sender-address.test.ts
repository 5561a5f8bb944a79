import { IncomingMessage } from 'node:http'
import { Socket } from 'node:net'
import { describe, expect, test } from '@jest/globals'
import { compileSenderOf } from '../../lib/listener/limits/sender-address'

type Headers = Readonly<Record<string, string>>

/** A request from this address, as Node or (with `ip`) an Express app hands it over. */
function requestFrom(address: string | undefined, headers: Headers = {}, ip?: unknown): IncomingMessage {
  const socket = new Socket()
  Object.defineProperty(socket, 'remoteAddress', { value: address })
  const request = new IncomingMessage(socket)
  Object.assign(request.headers, headers)
  return ip === undefined ? request : Object.assign(request, { ip })
}

const plain = { port: 8090, trustForwarded: false }
const proxied = { port: 8090, trustForwarded: true }
const tunnel = (driver: string) => ({ port: 8090, driver, trustForwarded: true })
const far = '203.0.113.9'
const spoofed = { 'x-forwarded-for': '192.0.2.1', 'cf-connecting-ip': '192.0.2.2', forwarded: 'for=192.0.2.3' }

describe('without trust', () => {
  const senderOf = compileSenderOf(plain, [{ ...tunnel('cloudflare'), trustForwarded: false }])

  test.each([
    ['the socket counts', requestFrom(far), far],
    ['headers are ignored', requestFrom(far, spoofed), far],
    ['headers are ignored from this machine too', requestFrom('127.0.0.1', spoofed), '127.0.0.1'],
    ['what the app says counts before the socket', requestFrom('127.0.0.1', spoofed, '198.51.100.4'), '198.51.100.4'],
    ['what the app says is no address', requestFrom(far, {}, 'x'.repeat(5000)), far],
    ['what the app says is no text', requestFrom(far, {}, { a: 1 }), far],
    ['a zone is no part of the address', requestFrom('fe80::1%eth0'), 'fe80::1'],
    ['a socket without an address', requestFrom(undefined), 'unknown'],
  ])('%s', (_name, request, expected) => {
    expect(senderOf(request)).toBe(expected)
  })
})

describe('behind a proxy that the listener trusts', () => {
  const senderOf = compileSenderOf(proxied, [])

  test.each([
    ['192.0.2.1', '192.0.2.1'],
    ['10.0.0.1, evil, 192.0.2.1', '192.0.2.1'],
    ['192.0.2.1:4711', '192.0.2.1'],
    ['2001:db8::7', '2001:db8::7'],
    ['[2001:db8::7]', '2001:db8::7'],
    ['[2001:db8::7]:443', '2001:db8::7'],
    ['fe80::7%any text', 'fe80::7'],
    // What is no address leaves the one of the proxy.
    ['', far],
    ['unknown', far],
    ['192.0.2.1,', far],
    ['192.0.2.256', far],
    ['_hidden', far],
    ['::1::', far],
    ['[192.0.2.1', far],
    ['a'.repeat(16_000), far],
    [','.repeat(16_000), far],
    ['['.repeat(16_000), far],
  ])('X-Forwarded-For: %.60s', (header, expected) => {
    expect(senderOf(requestFrom(far, { 'x-forwarded-for': header }))).toBe(expected)
  })

  test('the header is believed whoever sends it, and before what the app says', () => {
    expect(senderOf(requestFrom('127.0.0.1', { 'x-forwarded-for': '192.0.2.1' }, '198.51.100.4'))).toBe('192.0.2.1')
  })

  test('without the header the proxy counts', () => {
    expect(senderOf(requestFrom(far))).toBe(far)
  })
})

describe('behind a tunnel that the gateway trusts', () => {
  test.each([
    ['cloudflare', '192.0.2.2'],
    ['ngrok', '192.0.2.1'],
    ['command', '192.0.2.1'],
    ['ssh', '192.0.2.1'],
    ['static', '192.0.2.1'],
    ['mine', '192.0.2.1'],
  ])('%s tells the sender in its own header', (driver, expected) => {
    const senderOf = compileSenderOf(plain, [tunnel(driver)])
    expect(senderOf(requestFrom('127.0.0.1', spoofed))).toBe(expected)
  })

  test.each([
    ['127.0.0.1', true],
    ['127.9.9.9', true],
    ['::1', true],
    ['::ffff:127.0.0.1', true],
    ['128.0.0.1', false],
    ['::ffff:10.0.0.1', false],
    ['::11', false],
    [far, false],
  ])('a header that comes from %s: %s', (address, isBelieved) => {
    const senderOf = compileSenderOf(plain, [tunnel('cloudflare')])
    expect(senderOf(requestFrom(address, spoofed))).toBe(isBelieved ? '192.0.2.2' : address)
  })

  test('nobody is believed on a socket without an address', () => {
    expect(compileSenderOf(plain, [tunnel('ngrok')])(requestFrom(undefined, spoofed))).toBe('unknown')
  })

  test('a header that is missing or no address leaves the one of this machine', () => {
    const senderOf = compileSenderOf(plain, [tunnel('cloudflare')])
    expect(senderOf(requestFrom('127.0.0.1', { 'x-forwarded-for': '192.0.2.1' }))).toBe('127.0.0.1')
    expect(senderOf(requestFrom('127.0.0.1', { 'cf-connecting-ip': 'me' }))).toBe('127.0.0.1')
  })

  test('a tunnel to another port is not the one before this listener', () => {
    const senderOf = compileSenderOf({ ...plain, port: 9000 }, [tunnel('ngrok')])
    expect(senderOf(requestFrom('127.0.0.1', spoofed))).toBe('127.0.0.1')
  })
})
