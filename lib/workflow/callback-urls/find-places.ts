import type { Config } from '../../config/normalize'
import type { LearnedMount, Place, Reachable } from '../../listener/paths/callback-url'
import { createMountPath } from '../../listener/paths/mount-path'
import type { GatewayStatus } from '../../base/contracts'
import type { PublicPlaces } from './public-places'

/** Tells where the callbacks can be reached, as the config and the options say it, or as requests and servers have shown. */
export function findPlaces(
  { listeners, gateways }: Config,
  { publicUrl, mountPath, port: appPort }: Place,
  reachable: Reachable,
  statuses: ReadonlyMap<number, GatewayStatus>,
): PublicPlaces {
  const fixed = (): readonly LearnedMount[] => [...reachable.mounts.values()].filter(({ varies }) => !varies)
  return {
    urls() {
      const known = [publicUrl, ...[...listeners, ...gateways, ...statuses.values()].map((one) => one.publicUrl)]
      return known.filter((url) => url !== undefined)
    },
    ports() {
      const written = [...listeners, ...gateways].map(({ port }) => port)
      return new Set([...written, ...reachable.ports.values(), ...(appPort === undefined ? [] : [appPort])])
    },
    mounts: () => [...(mountPath ? [mountPath] : []), ...fixed().map(({ path }) => createMountPath(path))],
    mayBeElsewhere() {
      const { mounts, ports } = reachable
      if (mountPath !== undefined) return false
      return (mounts.size === 0 && ports.size === 0) || [...mounts.values()].some(({ varies }) => varies)
    },
  }
}
