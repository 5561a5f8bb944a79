import * as v from 'valibot'
import { duration, field, flag, listOf, oneOf, port, publicUrl, rawText, required, type Shape, text } from './fields'
import { HTTP_DRIVERS } from '../gateways/drivers'

const AUTH_TYPES = ['keyfile', 'password', 'agent'] as const

const auth = v.strictObject({
  type: field(oneOf(AUTH_TYPES), 'How to log in (default: by what is given, else agent)'),
  username: field(text, 'User of the SSH server'),
  keyfile: field(text, 'Private key file; ~ is the home folder'),
  passphrase: field(text, 'Passphrase of the key file'),
  password: field(text, 'Password'),
})

const connection = v.strictObject({
  host: required(text, 'SSH server'),
  port: field(port, 'Port of the SSH server (default 22)'),
  host_key: field(text, 'Fingerprint that the server must show, such as SHA256:…'),
  known_hosts: field(text, 'File of known hosts (default ~/.ssh/known_hosts)'),
  keepalive_interval: field(duration, 'How often to ask whether the server is alive (default 15s)'),
  auth: field(v.union([oneOf(AUTH_TYPES), auth], 'a mapping, or one of keyfile, password, agent'), 'How to log in'),
})

const portOrPair = v.union([v.number(), v.string()], 'a port, or for ssh text such as "9834:8090" or "9834:host:3000"')

const gateway = v.strictObject({
  id: field(text, 'Name of the gateway, for people'),
  type: field(oneOf(['http-tunnel', 'ssh-tunnel']), 'Kind of tunnel (default http-tunnel)'),
  driver: field(
    v.union([v.picklist(HTTP_DRIVERS), text], 'text'),
    'What opens the tunnel: cloudflare, ngrok, command, static, or one of your own',
  ),
  runtime: field(oneOf(['native', 'docker']), 'Where the tunnel program runs (default native)'),
  image: field(text, 'Container image, with runtime docker'),
  port: required(
    v.union([portOrPair, listOf(portOrPair)], 'a port or a list of ports'),
    'Local port to expose, or several; for ssh also "remote:local" and "remote:host:local"',
  ),
  host: field(text, 'Local host that the port is on (default 127.0.0.1)'),
  public_url: field(publicUrl, 'Fixed public address'),
  bin: field(text, 'Path of the tunnel program'),
  install: field(flag, 'Whether a missing cloudflared may be fetched (default false)'),
  authtoken: field(text, 'ngrok: token of the account'),
  domain: field(text, 'ngrok: fixed domain'),
  token: field(text, 'cloudflare: token of a named tunnel'),
  tunnel: field(text, 'cloudflare: name of a tunnel'),
  credentials_file: field(text, 'cloudflare: credentials of that tunnel'),
  hostname: field(text, 'cloudflare: public name of a named tunnel'),
  settle: field(duration, 'How long to let a new URL settle before it is published'),
  command: field(listOf(rawText, 'a list of arguments'), 'command: the program and its arguments; {port} is the port'),
  url_pattern: field(rawText, 'command: regular expression that finds the URL in a line'),
  ready_pattern: field(rawText, 'command: regular expression of the line that says ready'),
  trust_forwarded: field(
    flag,
    'Whether the sender is whom the header of the tunnel names: CF-Connecting-IP, else X-Forwarded-For (default false)',
  ),
  connection: field(connection, 'ssh: the server'),
})

/** What a user writes for one gateway. */
export interface GatewayConfig extends v.InferInput<typeof gateway> {}

/** One gateway. */
export const gatewaySchema: Shape<GatewayConfig> = gateway
