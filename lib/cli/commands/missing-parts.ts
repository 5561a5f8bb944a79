import type { Config } from '../../config/normalize'
import type { TunnelDriverName } from '../../config/gateways/drivers'
import { type ErrorCode, type Problem, reasonOf } from '../../base/errors'
import { describeMissingPeer, isInstalled } from '../../base/peers'
import { tunnelOptionsOf } from '../../gateway/open-tunnel'
import { createFindProxy, usesEnvProxy } from '../../http/proxy-env'
import { LOOKS } from '../../app/adapters'

/** The packages that stores need, by their types. */
const STORE_PEERS: Readonly<Record<string, string>> = { postgres: 'pg', redis: 'ioredis' }

/**
 * Lists what a config needs beside this package and this machine does not have: programs and packages of gateways and
 * stores, each with how to get it. Starts nothing, and loads the finders of tunnels alone.
 */
export function listMissing(config: Config, isThere = isInstalled): readonly Problem[] {
  return [...listMissingPrograms(config), ...listMissingPeers(config, isThere)]
}

function listMissingPrograms({ gateways, env }: Config): readonly Problem[] {
  return gateways.flatMap((spec) => {
    const { driver, at, location } = spec
    if (!isOwn(driver)) return []
    try {
      LOOKS[driver]({ options: tunnelOptionsOf(spec), env })
      return []
    } catch (error) {
      return [{ code: 'ERR_GATEWAY_PROGRAM', message: reasonOf(error), at, location }]
    }
  })
}

function isOwn(driver: string): driver is TunnelDriverName {
  return Object.hasOwn(LOOKS, driver)
}

function listMissingPeers({ store, env, components }: Config, isThere: (name: string) => boolean): readonly Problem[] {
  const code: ErrorCode = 'ERR_CONFIG_UNSUPPORTED'
  const { type, location } = store
  const peer = STORE_PEERS[type]
  const asks = [...(components?.values() ?? [])].some((component) => component.type === 'http-client')
  const needsUndici = asks && createFindProxy(env) !== undefined && !usesEnvProxy(env)
  return [
    ...(peer === undefined || isThere(peer)
      ? []
      : [{ code, at: 'store.type', location, message: describeMissingPeer(peer, `A ${type} store`) }]),
    ...(needsUndici && !isThere('undici')
      ? [{ code, at: 'component', message: describeMissingPeer('undici@7', 'The proxy of the environment') }]
      : []),
  ]
}
