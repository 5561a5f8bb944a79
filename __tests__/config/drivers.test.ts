import { describe, expect, test } from '@jest/globals'
import { DRIVER_NAMES, findDriver, HTTP_DRIVERS, LONE_DRIVERS } from '../../lib/config/gateways/drivers'
import { linesOf } from './problems'

describe('the table of tunnel drivers', () => {
  test('offers the drivers that need no key to the command line, and all but ssh to http-tunnels', () => {
    expect(LONE_DRIVERS).toEqual(['cloudflare', 'ngrok'])
    expect(HTTP_DRIVERS).toEqual(['cloudflare', 'ngrok', 'command', 'static'])
    expect(DRIVER_NAMES).toEqual([...HTTP_DRIVERS, 'ssh'])
  })

  test('gives each key to one driver, and names only keys of that driver', () => {
    const entries = DRIVER_NAMES.flatMap((name) => findDriver(name) ?? [])
    const keys = entries.flatMap((entry) => entry.keys)
    expect(new Set(keys).size).toBe(keys.length)
    for (const entry of entries) expect(entry.keys).toEqual(expect.arrayContaining(Object.keys(entry.names ?? {})))
  })

  test.each(DRIVER_NAMES)('the config knows every key of %s, and its header is in lower case', (name) => {
    const { keys = [], addressHeader = '' } = findDriver(name) ?? {}
    expect(addressHeader).toBe(addressHeader.toLowerCase())
    const unknown = keys.filter((key) =>
      linesOf(`gateway: { port: 1, ${key}: x }`).some((line) => /Unknown/.test(line)),
    )
    expect(unknown).toEqual([])
  })

  test('does not know a driver of the app', () => expect(findDriver('mine')).toBeUndefined())
})
