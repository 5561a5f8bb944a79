import type { TunnelDriverName } from '../config/gateways/drivers'
import type { Config, StoreSpec } from '../config/normalize'
import { type Emitter, outcomeEvent } from '../base/events'
import { badOption } from '../base/given-options'
import type { Ledger, Outcome, Store, TunnelDriver, TunnelRequest } from '../base/contracts'
import { createDurableStore } from '../store/durable/store'
import { createMemoryStore } from '../store/registry'
import type { NormalizedOptions } from './options'

/** The tunnel drivers of the package, by their names; each is loaded when its first tunnel is opened. */
export const DRIVERS: Readonly<Record<TunnelDriverName, TunnelDriver>> = {
  cloudflare: (request) => loadCloudflared().openCloudflared(request),
  ngrok: (request) => loadNgrok().openNgrok(request),
  ssh: (request) => loadSsh().openSsh(request),
  command: (request) => loadCommand().openCommand(request),
}

/** Looks for what a driver of the package needs, and starts nothing. Throws `ERR_GATEWAY_PROGRAM` when it is missing. */
type LookFor = (request: Pick<TunnelRequest, 'options' | 'env'>) => unknown

/** What looks for the programs and packages of each driver. */
export const LOOKS: Readonly<Record<TunnelDriverName, LookFor>> = {
  cloudflare: inDockerOr((request) => loadFindCloudflared().lookForCloudflared(request)),
  ngrok: inDockerOr((request) => loadNgrok().lookForNgrok(request)),
  ssh: () => loadSshLibrary().lookForSsh(),
  command: inDockerOr((request) => loadCommand().lookForCommand(request)),
}

function inDockerOr(look: LookFor): LookFor {
  return (request) => {
    const { wantsDocker, lookForDocker } = loadDocker()
    return wantsDocker(request) ? lookForDocker(request) : look(request)
  }
}

const loadDocker = (): typeof import('../../adapters/tunnels/program/docker') =>
  require('../../adapters/tunnels/program/docker')
const loadFindCloudflared = (): typeof import('../../adapters/tunnels/cloudflared/find') =>
  require('../../adapters/tunnels/cloudflared/find')
const loadSshLibrary = (): typeof import('../../adapters/tunnels/ssh/library') =>
  require('../../adapters/tunnels/ssh/library')
const loadCloudflared = (): typeof import('../../adapters/tunnels/cloudflared/cloudflared') =>
  require('../../adapters/tunnels/cloudflared/cloudflared')
const loadNgrok = (): typeof import('../../adapters/tunnels/ngrok/ngrok') =>
  require('../../adapters/tunnels/ngrok/ngrok')
const loadSsh = (): typeof import('../../adapters/tunnels/ssh/ssh') => require('../../adapters/tunnels/ssh/ssh')
const loadCommand = (): typeof import('../../adapters/tunnels/command') => require('../../adapters/tunnels/command')
const loadFile = (): typeof import('../../adapters/stores/file/ledger') => require('../../adapters/stores/file/ledger')
const loadPostgres = (): typeof import('../../adapters/stores/postgres/ledger') =>
  require('../../adapters/stores/postgres/ledger')
const loadRedis = (): typeof import('../../adapters/stores/redis/ledger') =>
  require('../../adapters/stores/redis/ledger')

/**
 * Creates the store of a config, which is not open yet. Throws `ERR_CONFIG_VALUE` for a client in the options that a
 * store of this type does not use.
 */
export function createStore(
  { store: spec }: Config,
  options: NormalizedOptions,
  emitter: Emitter,
  secretHeaders: ReadonlySet<string>,
  onFirstWait: () => void,
): Store {
  const { clock, logger, pool, redis } = options
  const { maxWaits, park, keepMs } = spec
  if (pool !== undefined && spec.type !== 'postgres') throw badOption('pool', `the store is of the type ${spec.type}`)
  if (redis !== undefined && spec.type !== 'redis') throw badOption('redis', `the store is of the type ${spec.type}`)
  const onForgotten = (outcome: Outcome): void =>
    emitter.record('expired', outcome.endpoint, () => outcomeEvent(outcome))
  const registry = { clock, maxWaits, park, onForgotten, onFirstWait }
  if (spec.type === 'memory') return createMemoryStore(registry)
  const ledger = createLedger(spec, options)
  return createDurableStore({ ...registry, ledger, isShared: spec.type !== 'file', keepMs, logger, secretHeaders })
}

/** Creates the ledger of a durable store. Its adapter is loaded here; the adapter loads its library when it opens. */
function createLedger(spec: StoreSpec, { clock, logger, pool, redis }: NormalizedOptions): Ledger {
  const { type, path = '', url = '', sync, prefix } = spec
  if (type === 'file') return loadFile().createFileLedger({ path, sync, clock, logger })
  if (type === 'postgres') return loadPostgres().createPostgresLedger({ url, prefix, clock, logger, pool })
  return loadRedis().createRedisLedger({ url, prefix, clock, logger, redis })
}
