import { afterEach, describe, expect, jest, test } from '@jest/globals'
import { CallbackError, type CallbacksConfig } from '../../lib'
import { normalizeOptions } from '../../lib/app/options'
import { useHosts } from '../helpers/use-hosts'

const hosts = useHosts()
const foreseen = new CallbackError('ERR_GATEWAY_PROGRAM', { message: 'no such program' })
const config: CallbacksConfig = { gateway: { driver: 'mine', port: 8090 } }
const tunnels = { mine: () => Promise.reject(foreseen) }

afterEach(() => void jest.restoreAllMocks())

describe('the console as a logger', () => {
  test('gets the message alone, since it would write out all details before it', () => {
    const warn = jest.spyOn(console, 'warn').mockImplementation(() => undefined)
    normalizeOptions({ logger: console }).logger.warn({ port: 8090, err: foreseen }, 'it did not work')
    expect(warn.mock.calls).toEqual([['it did not work']])
  })

  test('gets the stack of what nobody has foreseen', () => {
    const error = jest.spyOn(console, 'error').mockImplementation(() => undefined)
    const bug = new TypeError('undefined is no function')
    normalizeOptions({ logger: console }).logger.error({ err: bug }, 'it did not work')
    expect(error.mock.calls).toEqual([['it did not work', bug.stack]])
  })
})

describe('the default logger', () => {
  test('says once why gateways could not be opened, without a stack', async () => {
    const emit = jest.spyOn(process, 'emitWarning').mockImplementation(() => undefined)
    const { hooks } = hosts.start(config, { tunnels, logger: undefined })
    await expect(hooks.open()).rejects.toMatchObject({ code: 'ERR_GATEWAY_PROGRAM' })
    const message =
      'The callbacks could not be opened: ' +
      'The gateway of port 8090 could not be opened by the driver "mine": no such program'
    expect(emit.mock.calls).toContainEqual([message, { type: 'CallbackError', detail: '' }])
    const texts = emit.mock.calls.map((call: readonly unknown[]) => String(call[0]))
    expect(texts.filter((text) => text.includes('no such program'))).toHaveLength(1)
  })
})

test('an error in JSON has its message', () => {
  const error = new CallbackError('ERR_GATEWAY_AUTH', { message: 'refused', at: 'gateway', cause: new Error('why') })
  expect(JSON.parse(JSON.stringify({ error }))).toEqual({
    error: { name: 'CallbackError', code: 'ERR_GATEWAY_AUTH', message: 'refused', at: 'gateway' },
  })
})
