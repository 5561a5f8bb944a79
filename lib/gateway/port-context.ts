import { CallbackError } from '../base/errors'
import type { Gateway } from './gateway'

/**
 * Creates what `${gateway:PORT…}` reads from. A port whose public URL is not known is an error, never empty text: a
 * callback URL without its beginning would be sent to the service and the callback lost.
 */
export function createPortContext(gateways: ReadonlyMap<number, Gateway>): object {
  const read = (key: string): object => readGateway(gateways, Number(key))
  return new Proxy(
    {},
    {
      has: (_target, key) => isPort(key),
      get: (_target, key) => (isPort(key) ? read(key) : undefined),
      ownKeys: () => [...gateways.keys()].map(String),
      getOwnPropertyDescriptor: (_target, key) =>
        isPort(key) ? { value: read(key), enumerable: true, configurable: true } : undefined,
      set: () => false,
      defineProperty: () => false,
    },
  )
}

function readGateway(gateways: ReadonlyMap<number, Gateway>, port: number): object {
  const gateway = gateways.get(port)
  if (gateway === undefined) throw noGateway(port)
  const publicUrl = gateway.publicUrl()
  const { driver, state, publicAddress } = gateway.status()
  return Object.freeze({ public_url: publicUrl, port, public_address: publicAddress, driver, state })
}

/** Creates the error for a port that has no gateway in the config. */
export function noGateway(port: number): CallbackError {
  return new CallbackError('ERR_GATEWAY_MISSING', {
    message: `There is no gateway for port ${port}; add one to "gateway" in the config, or write a public URL`,
  })
}

/** Whether a name in a template is that of a port. */
export function isPort(key: string | symbol): key is string {
  return typeof key === 'string' && /^\d+$/.test(key)
}
