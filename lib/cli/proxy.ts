import { findPeer } from '../base/peers'
import type { Logger } from '../base/contracts'
import { explainFailure, isUnreached } from '../http/network-reason'
import { createFindProxy, type EnvProxy, usesEnvProxy } from '../http/proxy-env'

type Fetch = typeof globalThis.fetch

/** The part of undici that is used. */
interface Undici {
  readonly ProxyAgent: new (options: { readonly uri: string; readonly proxyTunnel: boolean }) => object
}

interface ProxyContext {
  readonly env: Readonly<Record<string, string | undefined>>
  /** Takes the warning that undici is missing; undefined when no request is sent. */
  readonly log: Pick<Logger, 'warn'> | undefined
  /** Loads the package undici; for tests. */
  readonly load?: () => Undici
}

/**
 * Creates a `fetch` that asks through the proxies of `HTTP_PROXY` and `HTTPS_PROXY`, with the package undici. Returns
 * undefined where none is set, where Node does it by itself, and, with a warning, where undici is not installed.
 */
export function createProxyFetch({ env, log, load = () => require('undici') }: ProxyContext): Fetch | undefined {
  const findProxy = createFindProxy(env)
  if (findProxy === undefined || usesEnvProxy(env)) return undefined
  const undici = findPeer('undici', load)
  if (undici === undefined) {
    log?.warn({}, 'A proxy is set in the environment, but requests are sent without it: npm install undici@7')
    return undefined
  }
  const { ProxyAgent } = undici
  const agents = new Map<string, object>()

  /** Plain http is passed on by the proxy as it is; https goes through a tunnel (CONNECT). */
  function agentOf({ url }: EnvProxy): object {
    const agent = agents.get(url.href) ?? new ProxyAgent({ uri: url.href, proxyTunnel: false })
    agents.set(url.href, agent)
    return agent
  }

  return async (input, init) => {
    const proxy = findProxy(urlOf(input))
    if (proxy === undefined) return globalThis.fetch(input, init)
    try {
      return await globalThis.fetch(input, Object.assign({ ...init }, { dispatcher: agentOf(proxy) }))
    } catch (error) {
      throw init?.signal?.aborted ? error : explainProxy(error, proxy)
    }
  }
}

function urlOf(input: Parameters<Fetch>[0]): URL {
  return new URL(input instanceof Request ? input.url : input)
}

/** Names the proxy when it cannot be reached, since then the URL behind it was never asked. */
function explainProxy(error: unknown, { variable, url }: EnvProxy): unknown {
  const reason = explainFailure(error)
  if (!isUnreached(error) && !/tunnel|proxy/i.test(reason)) return error
  return new Error(`the proxy ${url.host} of ${variable} cannot be used: ${reason}`)
}
