import { DRIVER_NAMES } from '../config/gateways/drivers'
import { findNearest } from '../base/values/nearest'
import type { Config } from '../config/normalize'
import { describeProblem, type Problem } from '../base/errors'
import type { Logger } from '../base/contracts'
import type { Emitter } from '../base/events'
import { coverageOf, warnOfVerify } from '../verify/verify'
import { listUncoveredReads } from '../verify/proof-reads'
import type { Endpoint } from '../listener/endpoint'
import { compileTicketsAlone } from '../workflow/callback-urls/tickets-alone'
import type { StrayUrls } from '../workflow/callback-urls/stray-urls'

/** What warnings are made of besides the config. */
export interface WarningsContext {
  /** All endpoints, triggers too. */
  readonly endpoints: readonly Endpoint[]
  /** The drivers that the app brings, by their names. */
  readonly tunnels: object
  /** The public URL of the app. */
  readonly publicUrl: string | undefined
  readonly strays: StrayUrls
}

/** Returns every warning about a config that compiles: `callbacks()` logs them all, and `validate` prints them. */
export function listWarnings(config: Config, { endpoints, tunnels, publicUrl, strays }: WarningsContext) {
  return [
    ...config.warnings,
    ...listDriverless(config, tunnels),
    ...strays.listWritten(config),
    ...listOpenEndpoints(config, endpoints, publicUrl),
    ...listUntoldUrls(config, endpoints, publicUrl),
    ...endpoints.flatMap(({ spec }) => listUncoveredReads(spec)),
    ...listAnyTopics(endpoints),
    ...listUnheld(endpoints),
  ] satisfies readonly Problem[]
}

/** Logs and emits warnings, and logs which callbacks start workflows by themselves. */
export function announce(
  warnings: readonly Problem[],
  endpoints: readonly Endpoint[],
  logger: Logger,
  emitter: Emitter,
): void {
  for (const warning of warnings) {
    const { code, message, at } = warning
    logger.warn({ code, at }, describeProblem(warning))
    emitter.emit('warning', () => ({ code, message, at }))
  }
  for (const { key, listener, start } of endpoints) {
    if (listener.kind === 'callback' && start)
      logger.info({ endpoint: key }, `${key} is an event source: a callback that nobody waits for starts a workflow`)
  }
}

/** The gateways without a driver: neither the package nor the app has one of that name. */
function listDriverless({ gateways }: Config, own: object): readonly Problem[] {
  const known: readonly string[] = [...new Set([...Object.keys(own), ...DRIVER_NAMES])]
  const driverless = gateways.filter(({ driver }) => !known.includes(driver))
  return driverless.map(({ at, location, driver }) => {
    const nearest = findNearest(driver, known)
    const advice = nearest === undefined ? `there are ${known.join(', ')}.` : `did you mean "${nearest}"?`
    const message = `There is no driver ${JSON.stringify(driver)}: ${advice} Bring your own in options.tunnels`
    return { code: 'ERR_GATEWAY_OPTIONS', at: `${at}.driver`, location, message }
  })
}

/** How many open endpoints one warning names. */
const NAMED = 3

/**
 * One warning for all endpoints that have a public URL (of the listener, the app or a gateway) and verify no sender, unless a
 * ticket proves each callback.
 */
function listOpenEndpoints(
  config: Config,
  endpoints: readonly Endpoint[],
  publicUrl: string | undefined,
): readonly Problem[] {
  const { gateways } = config
  const takesTicketsAlone = compileTicketsAlone(config)
  const ports = new Set(gateways.filter((gateway) => !isLocal(gateway.publicUrl)).map(({ port }) => port))
  const isPublic = ({ listener }: Endpoint): boolean => {
    const own = listener.publicUrl ?? publicUrl
    return own === undefined ? ports.has(listener.port) : !isLocal(own)
  }
  const isOpen = (endpoint: Endpoint): boolean => endpoint.spec.verify === undefined && !takesTicketsAlone(endpoint)
  const open = endpoints.filter((endpoint) => isOpen(endpoint) && isPublic(endpoint))
  const [first] = open
  if (first === undefined) return []
  const names = open.slice(0, NAMED).map(({ key }) => key)
  const more = open.length > NAMED ? ` and ${open.length - NAMED} more` : ''
  const message =
    `anybody who knows the public URL can send callbacks to ${names.join(', ')}${more}, in anyone's name; ` +
    'add "verify", or take tickets alone (their ids cannot be guessed)'
  return [{ code: 'ERR_UNVERIFIED', at: first.spec.at, location: first.spec.location, message }]
}

/**
 * Warns of endpoints that verify a signed URL without a configured origin. The Host header is then the origin, so that
 * a callback that was signed for another server would be believed.
 */
function listUntoldUrls(
  { gateways }: Config,
  endpoints: readonly Endpoint[],
  publicUrl: string | undefined,
): readonly Problem[] {
  if (publicUrl !== undefined) return []
  const ports = new Set(gateways.map(({ port }) => port))
  return endpoints.flatMap(({ key, listener, spec: { verify } }) => {
    const isTold = listener.publicUrl !== undefined || ports.has(listener.port)
    if (verify === undefined || isTold || !coverageOf(verify).url) return []
    const message =
      `${key} verifies the URL that its sender signs, but knows it only from the header Host, which anybody can ` +
      'write: a callback that was signed for another server would be believed; give the listener its "public_url"'
    return [{ code: 'ERR_UNVERIFIED', at: verify.at, location: verify.location, message }]
  })
}

/** Warns of a `verify` that lets more senders in than its author may think. */
function listAnyTopics(endpoints: readonly Endpoint[]): readonly Problem[] {
  return endpoints.flatMap(({ key, spec: { verify } }) => {
    const warning = verify && warnOfVerify(verify)
    if (verify === undefined || warning === undefined) return []
    return [{ code: 'ERR_UNVERIFIED', at: verify.at, location: verify.location, message: `${key} ${warning}` }]
  })
}

/** Warns of endpoints that are to answer with the output of a workflow, and start none. */
function listUnheld(endpoints: readonly Endpoint[]): readonly Problem[] {
  return endpoints.flatMap(({ key, spec, start }) => {
    if (spec.respond === 'at_once' || start !== undefined) return []
    const message = `${key} starts no workflow, so that "respond: ${spec.respond}" has no effect: it is for triggers and event sources`
    return [{ code: 'ERR_CONFIG_VALUE', at: `${spec.at}.respond`, location: spec.location, message }]
  })
}

/** Whether only this machine reaches a URL; undefined is that of a tunnel which is not open yet, and public. */
function isLocal(url: string | undefined): boolean {
  return url !== undefined && /^(?:localhost|127\..*|\[::1\])$/.test(new URL(url).hostname)
}
