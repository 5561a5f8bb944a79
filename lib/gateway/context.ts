import { CallbackError } from '../errors'

/**
 * Gives what `${gateway:PORT…}` reads from. A port without a gateway is an error, never empty text: a callback URL
 * without its beginning would be sent to the service and the callback lost.
 */
export function createGatewayContext(): object {
  return new Proxy(Object.freeze({}), {
    get(_target, port) {
      throw new CallbackError('ERR_GATEWAY_MISSING', {
        message: `There is no gateway for port ${String(port)}; add one to "gateway" in the config, or write a public URL`,
      })
    },
  })
}
