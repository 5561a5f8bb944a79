import type { Fields } from '../field/fields'
import { byHand, field, type Keys, listOf } from '../field/shape'
import { FLAG, RAW_TEXT, SECRET, TEXT } from '../field/values'
import { nameType, type Variant } from '../field/variants'
import { CONNECTION } from './connection'

/** What decides how a gateway is opened. */
export interface Choice {
  /** A driver of the package, or one that the app adds. */
  readonly driver: string
  readonly runtime: 'native' | 'docker'
}

/** All that the package knows of a driver before it is loaded. */
interface DriverEntry {
  /** How messages name a gateway of the driver. */
  readonly called: string
  /** The keys that no other driver reads. */
  readonly keys: readonly string[]
  /** Which of `keys` gives the tunnel a fixed name, and whether it is a host name or another id. */
  readonly names?: Readonly<Record<string, 'host' | 'id'>>
  /** The key by which a gateway that names no driver has this one; the first driver in the table counts. */
  readonly impliedBy?: string
  /** Whether it opens tunnels that need no key of their own, as `express-callbacks listen` does. */
  readonly opensAlone?: true
  /** Whether the port is reached without a tunnel. */
  readonly isOpenAlready?: true
  /** The header in which the tunnel tells the sender's address, in lower case; default: `x-forwarded-for`. */
  readonly addressHeader?: string
  /** The keys that it cannot do without, each with what the error says of it. */
  readonly needs?: Readonly<Record<string, string>>
  /** Refuses a gateway that the driver could not open: keys that are empty, or that contradict each other. */
  readonly check?: (fields: Fields, choice: Choice) => void
}

/** The keys of each driver; a gateway has all of them. */
const CLOUDFLARE = {
  install: field('install', FLAG, 'Whether a missing cloudflared may be fetched', false),
  token: field('token', SECRET, 'cloudflare: token of a named tunnel'),
  tunnel: field('tunnel', TEXT, 'cloudflare: name of a tunnel'),
  credentialsFile: field('credentials_file', TEXT, 'cloudflare: credentials of that tunnel'),
  hostname: field('hostname', TEXT, 'cloudflare: public name of a named tunnel'),
}
const NGROK = {
  authtoken: field('authtoken', SECRET, 'ngrok: token of the account'),
  domain: field('domain', TEXT, 'ngrok: fixed domain'),
}
const COMMAND = {
  command: field(
    'command',
    listOf(RAW_TEXT, 'a list of arguments'),
    'command: the program and its arguments; {port} is the port',
  ),
  urlPattern: byHand('url_pattern', RAW_TEXT, 'command: regular expression that finds the URL in a line'),
  readyPattern: byHand('ready_pattern', RAW_TEXT, 'command: regular expression of the line that says ready'),
}
const SSH = {
  connection: byHand('connection', CONNECTION, 'ssh: the server'),
}

/** The keys of a gateway that one driver alone reads. */
export const DRIVER_KEYS = { ...CLOUDFLARE, ...NGROK, ...COMMAND, ...SSH }

/** The drivers of the package. A driver of the app is not known here: it may read any key as it likes. */
const DRIVERS = {
  cloudflare: {
    called: 'the driver cloudflare',
    keys: namesOf(CLOUDFLARE),
    names: { token: 'id', tunnel: 'id', hostname: 'host' },
    opensAlone: true,
    // Cloudflare replaces it in each request: https://developers.cloudflare.com/fundamentals/reference/http-headers/
    addressHeader: 'cf-connecting-ip',
    check: checkCloudflare,
  },
  ngrok: {
    called: 'the driver ngrok',
    keys: namesOf(NGROK),
    names: { domain: 'host' },
    opensAlone: true,
  },
  command: {
    called: 'the driver command',
    keys: namesOf(COMMAND),
    impliedBy: 'command',
    needs: { command: 'the driver "command" needs it: the program and its arguments, as a list' },
    check: checkCommand,
  },
  static: {
    called: 'the driver static',
    keys: [],
    impliedBy: 'public_url',
    isOpenAlready: true,
    needs: { public_url: 'static needs public_url: the URL under which the port is reached already' },
  },
  ssh: {
    called: 'an ssh-tunnel',
    keys: namesOf(SSH),
    impliedBy: 'connection',
    needs: { connection: 'an ssh-tunnel needs the server to connect to' },
    check: checkSsh,
  },
} as const satisfies Readonly<Record<string, DriverEntry>>

function namesOf(table: Keys): readonly string[] {
  return Object.values(table).map(({ key }) => key)
}

type OwnDriver = keyof typeof DRIVERS

/** The drivers that open a tunnel: each has an adapter. */
export type TunnelDriverName = {
  [N in OwnDriver]: (typeof DRIVERS)[N] extends { readonly isOpenAlready: true } ? never : N
}[OwnDriver]

/** The drivers that open a tunnel without any key of their own. */
export type LoneDriver = {
  [N in OwnDriver]: (typeof DRIVERS)[N] extends { readonly opensAlone: true } ? N : never
}[OwnDriver]

const ENTRIES: ReadonlyMap<string, DriverEntry> = new Map(Object.entries(DRIVERS))

/** The names of all drivers of the package. */
export const DRIVER_NAMES = [...ENTRIES.keys()]

/** The drivers that `driver` of an http-tunnel names; an ssh-tunnel is known by its `type` or its `connection`. */
export const HTTP_DRIVERS = DRIVER_NAMES.filter((name) => name !== 'ssh')

/** The drivers that `express-callbacks listen` offers. */
export const LONE_DRIVERS = DRIVER_NAMES.filter(isLoneDriver)

function isLoneDriver(name: string): name is LoneDriver {
  return ENTRIES.get(name)?.opensAlone === true
}

/** Returns what is known of a driver; undefined for one of the app. */
export function findDriver(name: string): DriverEntry | undefined {
  return ENTRIES.get(name)
}

/** Returns the driver that a gateway has by one of its keys; undefined when none implies one. */
export function findImplied(fields: Fields): string | undefined {
  return HTTP_DRIVERS.find((name) => {
    const key = ENTRIES.get(name)?.impliedBy
    return key !== undefined && fields.has(key)
  })
}

/** Refuses a gateway that its driver could not open. A driver of the app decides itself when it is called. */
export function checkDriver(fields: Fields, choice: Choice): void {
  const { needs = {}, check } = findDriver(choice.driver) ?? {}
  for (const [key, reason] of Object.entries(needs)) if (!fields.has(key)) fields.error(key, `missing; ${reason}`)
  check?.(fields, choice)
}

/** The forms of a gateway: one for each driver, and one for the drivers of the app, which have the keys that all share. */
export const GATEWAY_VARIANTS: readonly Variant[] = listVariants()

function listVariants(): readonly Variant[] {
  const all = [...ENTRIES.values()].flatMap(({ keys }) => keys)
  const own = [...ENTRIES].map(([driver, { keys, impliedBy, needs = {} }]) => ({
    name: nameType(driver, 'Gateway'),
    tag: { key: 'driver', words: [driver] },
    isImplied: impliedBy !== undefined,
    needs: Object.keys(needs),
    without: all.filter((key) => !keys.includes(key)),
  }))
  return [...own, { name: 'OwnGateway', tag: { key: 'driver' }, without: all }]
}

/** Warns of keys that the driver of a gateway does not read. */
export function warnOfForeignKeys(fields: Fields, { driver, runtime }: Choice): void {
  const own = ENTRIES.get(driver)
  if (own === undefined) return
  for (const { keys, called } of ENTRIES.values())
    for (const key of keys)
      if (called !== own.called && fields.has(key))
        fields.warn(key, `"${key}" has no effect: it is of ${called}, and this is ${own.called}`)
  if (fields.has('image') && runtime !== 'docker')
    fields.warn('image', '"image" has no effect without "runtime: docker"')
}

function checkCommand(fields: Fields, { runtime }: Choice): void {
  const command = fields.readList('command', RAW_TEXT)
  if (command?.length === 0 || command?.[0] === '')
    fields.error(
      'command',
      `expected the program and its arguments, found an empty ${command.length === 0 ? 'list' : 'text'}`,
    )
  if (runtime === 'docker' && !fields.has('image'))
    fields.error('image', 'missing; with "runtime: docker", "command" is what runs inside the image that it names')
}

function checkSsh(fields: Fields, { runtime }: Choice): void {
  if (runtime === 'docker')
    fields.error('runtime', 'an ssh-tunnel runs inside this process, never in docker; take "runtime" away')
}

const TUNNEL_KEYS = ['tunnel', 'credentials_file'] as const

function checkCloudflare(fields: Fields): void {
  const named = TUNNEL_KEYS.filter((key) => fields.has(key))
  if (fields.has('token')) {
    const [other] = named
    if (other !== undefined)
      fields.error(other, '"token" names a tunnel already; write "token", or "tunnel" with "credentials_file"')
  } else if (named.length === 1) {
    const missing = fields.has('tunnel') ? 'credentials_file' : 'tunnel'
    const both = '"tunnel" says which tunnel to run, "credentials_file" names the JSON file that was written for it'
    fields.error(missing, `missing; ${both} by "cloudflared tunnel create"`)
  }
  checkPublicName(fields, fields.has('token') ? 'token' : named[0])
}

/** Only a named tunnel has a name of its own, and always needs it. */
function checkPublicName(fields: Fields, named: string | undefined): void {
  const key = ['public_url', 'hostname'].find((name) => fields.has(name))
  if (named === undefined && key !== undefined) {
    const advice = `add its "token", or its "tunnel" and "credentials_file"; without "${key}" the URL is made up`
    fields.error(key, `"${key}" is of a named tunnel: ${advice} by Cloudflare`)
  }
  if (named !== undefined && key === undefined)
    fields.error('hostname', `missing; a tunnel with "${named}" needs its public name, which cloudflared never prints`)
}
