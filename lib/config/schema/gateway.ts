import { byHand, choice, field, type InputOf, listOf, orShort, required, type Shape, table } from '../field/shape'
import { CALLED_URL, DURATION, FLAG, PORT, RAW_TEXT, TEXT, type Value, word } from '../field/values'
import { HTTP_DRIVERS } from '../gateways/drivers'

const AUTH = {
  type: field('type', word(['keyfile', 'password', 'agent']), 'How to log in (default: by what is given, else agent)'),
  username: field('username', TEXT, 'User of the SSH server'),
  keyfile: field('keyfile', TEXT, 'Private key file; ~ is the home folder'),
  passphrase: field('passphrase', TEXT, 'Passphrase of the key file'),
  password: field('password', TEXT, 'Password'),
}

const CONNECTION = {
  host: required('host', TEXT, 'SSH server'),
  port: field('port', PORT, 'Port of the SSH server', 22),
  hostKey: field('host_key', TEXT, 'Fingerprint that the server must show, such as SHA256:…'),
  knownHosts: field('known_hosts', TEXT, 'File of known hosts (default ~/.ssh/known_hosts)'),
  keepaliveIntervalMs: field('keepalive_interval', DURATION, 'How often to ask whether the server is alive', '15s'),
  auth: field(
    'auth',
    orShort(AUTH.type, table(AUTH), 'a mapping, or one of keyfile, password, agent'),
    'How to log in',
  ),
}

const PORT_OR_PAIR: Value<number | string> = {
  ...PORT,
  expected: 'a port, or for ssh text such as "9834:8090" or "9834:host:3000"',
  json: { anyOf: [{ type: 'number' }, { type: 'string' }] },
  exactly: () => undefined,
  read: (value) => (typeof value === 'number' || typeof value === 'string' ? value : undefined),
}

/** A driver of the package or of the app. */
const DRIVER: Value<string, string> = {
  ...TEXT,
  json: { anyOf: [{ enum: HTTP_DRIVERS, type: 'string' }, { type: 'string' }] },
  words: HTTP_DRIVERS,
}

const KEYS = {
  id: field('id', TEXT, 'Name of the gateway, for people'),
  type: field('type', word(['http-tunnel', 'ssh-tunnel']), 'Kind of tunnel (default http-tunnel)'),
  driver: field('driver', DRIVER, 'What opens the tunnel: cloudflare, ngrok, command, static, or one of your own'),
  runtime: field('runtime', word(['native', 'docker']), 'Where the tunnel program runs', 'native'),
  image: field('image', TEXT, 'Container image, with runtime docker'),
  port: required(
    'port',
    choice([PORT_OR_PAIR, listOf(PORT_OR_PAIR)], 'a port or a list of ports'),
    'Local port to expose, or several; for ssh also "remote:local" and "remote:host:local"',
  ),
  host: field('host', TEXT, 'Local host that the port is on', '127.0.0.1'),
  publicUrl: field('public_url', CALLED_URL, 'Fixed public address'),
  bin: field('bin', TEXT, 'Path of the tunnel program'),
  install: field('install', FLAG, 'Whether a missing cloudflared may be fetched', false),
  authtoken: field('authtoken', TEXT, 'ngrok: token of the account'),
  domain: field('domain', TEXT, 'ngrok: fixed domain'),
  token: field('token', TEXT, 'cloudflare: token of a named tunnel'),
  tunnel: field('tunnel', TEXT, 'cloudflare: name of a tunnel'),
  credentialsFile: field('credentials_file', TEXT, 'cloudflare: credentials of that tunnel'),
  hostname: field('hostname', TEXT, 'cloudflare: public name of a named tunnel'),
  settleMs: field('settle', DURATION, 'How long to let a new URL settle before it is published'),
  command: field(
    'command',
    listOf(RAW_TEXT, 'a list of arguments'),
    'command: the program and its arguments; {port} is the port',
  ),
  urlPattern: field('url_pattern', RAW_TEXT, 'command: regular expression that finds the URL in a line'),
  readyPattern: field('ready_pattern', RAW_TEXT, 'command: regular expression of the line that says ready'),
  trustForwarded: field(
    'trust_forwarded',
    FLAG,
    'Whether the sender is whom the header of the tunnel names: CF-Connecting-IP, else X-Forwarded-For',
    false,
  ),
  connection: byHand('connection', table(CONNECTION), 'ssh: the server'),
}

/** What a user writes for one gateway. */
export interface GatewayConfig extends InputOf<typeof KEYS> {}

/** One gateway. */
export const GATEWAY: Shape<GatewayConfig> = table(KEYS)
