import type { Clock, Logger } from '../base/contracts'
import { createMask, listSpellings, type Mask } from '../base/secrets/mask'
import { listSecrets } from '../base/secrets/secret-names'
import type { Config } from '../config/normalize'
import { createDeliveries, type DeliveryLog } from '../deliveries/deliveries'
import type { CallbackRoute } from '../listener/router'
/** What the deliveries of a config are kept and repeated with. */
export interface DeliveryLogContext {
  readonly clock: Clock
  readonly logger: Logger
  readonly secretHeaders: ReadonlySet<string>
  readonly secretParameters: ReadonlySet<string>
  /** All routes; asked when a delivery is looked at, since routes note their deliveries here. */
  readonly routes: () => readonly CallbackRoute[]
}

/** Creates the log of deliveries. */
export function createDeliveryLog(config: Config, { routes, ...context }: DeliveryLogContext): DeliveryLog {
  const find = (endpoint: string | undefined): CallbackRoute | undefined =>
    routes().find((route) => route.endpoint.key === endpoint)
  return createDeliveries(config.deliveries, {
    ...context,
    mask: createSecretMask(config),
    repeat: (kept, course) => find(kept.endpoint)?.repeat.replay(kept, course),
    explain: async (kept) => (await find(kept.endpoint)?.repeat.explain(kept)) ?? [],
  })
}

/** Creates the mask of a config's secrets. It is made for the first text, since few deliveries are looked at. */
export function createSecretMask({ env }: Config): Mask {
  let mask: Mask | undefined
  return (text) => (mask ??= createMask(listSpellings(listSecrets(env))))(text)
}
