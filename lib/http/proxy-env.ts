import { BlockList, isIP } from 'node:net'

/** A proxy that the environment names for a URL. */
export interface EnvProxy {
  /** The variable that names it, as it is written. */
  readonly variable: string
  readonly url: URL
}

/** Finds the proxy for a URL; undefined where requests go directly. */
export type FindProxy = (url: URL) => EnvProxy | undefined

type Variables = Readonly<Record<string, string | undefined>>

const LOOPBACK = /^(?:localhost|.+\.localhost|127(?:\.\d+){3}|\[::1\]|0\.0\.0\.0|\[::\])$/i

/**
 * Reads `http_proxy`, `https_proxy`, `all_proxy` and `no_proxy` as curl does, in lower or upper case. Loopback addresses
 * never go through a proxy. Returns undefined where no proxy is set; a value that is no http URL counts as none.
 */
export function createFindProxy(env: Variables): FindProxy | undefined {
  const all = readProxy(env, 'all_proxy')
  const proxies = { 'http:': readProxy(env, 'http_proxy') ?? all, 'https:': readProxy(env, 'https_proxy') ?? all }
  if (proxies['http:'] === undefined && proxies['https:'] === undefined) return undefined
  const isExcepted = compileNoProxy(readVariable(env, 'no_proxy')?.value ?? '')
  return (url) => {
    if (LOOPBACK.test(url.hostname) || isExcepted(url)) return undefined
    return url.protocol === 'https:' ? proxies['https:'] : proxies['http:']
  }
}

/** Whether Node itself sends the requests of its `fetch` through these proxies (from 22.21 and 24.0 on, when it is asked to). */
export function usesEnvProxy(env: Variables): boolean {
  const isKnown = process.allowedNodeEnvironmentFlags.has('--use-env-proxy')
  const isAsked = process.execArgv.includes('--use-env-proxy') || env['NODE_OPTIONS']?.includes('--use-env-proxy')
  return isKnown && (env['NODE_USE_ENV_PROXY'] === '1' || isAsked === true)
}

/** The lower case comes first, as in curl. */
function readVariable(env: Variables, name: string): { readonly name: string; readonly value: string } | undefined {
  const found = [name, name.toUpperCase()].find((one) => (env[one] ?? '').trim() !== '')
  return found === undefined ? undefined : { name: found, value: (env[found] ?? '').trim() }
}

function readProxy(env: Variables, name: string): EnvProxy | undefined {
  const found = readVariable(env, name)
  if (found === undefined) return undefined
  const text = /^[a-z][a-z0-9+.-]*:\/\//i.test(found.value) ? found.value : `http://${found.value}`
  if (!/^https?:/i.test(text) || !URL.canParse(text)) return undefined
  return { variable: found.name, url: new URL(text) }
}

/** Names with or without a leading `.` or `*.` mean their subdomains too; addresses may be a range, as `10.0.0.0/8`. */
function compileNoProxy(list: string): (url: URL) => boolean {
  const entries = list.split(/[\s,]+/).filter(Boolean)
  if (entries.includes('*')) return () => true
  const rules = entries.map(compileEntry)
  return (url) => rules.some((matches) => matches(url.hostname.toLowerCase().replace(/\.$/, ''), portOf(url)))
}

function portOf({ protocol, port }: URL): string {
  return port || (protocol === 'https:' ? '443' : '80')
}

type Matches = (host: string, port: string) => boolean

function compileEntry(entry: string): Matches {
  const range = /^(.+)\/(\d{1,3})$/.exec(entry)
  if (range) return compileRange(range[1] ?? '', Number(range[2]))
  const [, name = entry, port] = isIP(entry) === 6 ? [] : (/^(.*?)(?::(\d+))?$/.exec(entry) ?? [])
  const wanted = name
    .toLowerCase()
    .replace(/^\*?\./, '')
    .replace(/\.$/, '')
  const host = isIP(wanted) === 6 ? `[${wanted}]` : wanted
  return (found, foundPort) =>
    (port === undefined || port === foundPort) && (found === host || (host !== '' && found.endsWith(`.${host}`)))
}

function compileRange(address: string, bits: number): Matches {
  const family = isIP(address)
  if (family === 0 || bits > (family === 4 ? 32 : 128)) return () => false
  const type = family === 4 ? 'ipv4' : 'ipv6'
  const block = new BlockList()
  block.addSubnet(address, bits, type)
  return (host) => {
    const bare = host.replace(/^\[|\]$/g, '')
    return isIP(bare) === family && block.check(bare, type)
  }
}

/** Creates the advice for a URL that cannot be reached while the environment names a proxy that Node's `fetch` does not use. */
export function createProxyAdvice(env: Variables): ((url: URL) => string | undefined) | undefined {
  const findProxy = usesEnvProxy(env) ? undefined : createFindProxy(env)
  return (
    findProxy &&
    ((url) => {
      const proxy = findProxy(url)
      if (proxy === undefined) return undefined
      const how = 'give options.fetch an agent for it; the command line uses it when the package undici is installed'
      return `${proxy.variable} is set, but this request did not use that proxy: ${how} (lib/http/README.md, "Behind a proxy")`
    })
  )
}
