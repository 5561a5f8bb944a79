import { LOG_LEVELS } from '../../config/field/words'
import { INIT_PROVIDERS } from '../init/providers/providers'
import { INIT_TUNNELS } from '../init/tunnels'
import { PROVIDER_NAMES } from '../send/events/events'

/** One option of the command line. */
export interface OptionSyntax {
  readonly type: 'string' | 'boolean'
  readonly short?: string
  readonly multiple?: boolean
  /** How the help calls its value. */
  readonly value?: string
  readonly text: string
}

const NESTED = 'over the rest; dots in the key nest; JSON where it can be, else text'

/** All options, by name. */
export const OPTIONS = {
  file: {
    type: 'string',
    short: 'f',
    multiple: true,
    value: 'FILE',
    text: 'the config; several are merged, a later one over an earlier one (default: callbacks.yml, then callbacks.yaml)',
  },
  input: { type: 'string', value: 'JSON', text: 'the input of the workflow: JSON, @file.json, or - for stdin' },
  set: {
    type: 'string',
    multiple: true,
    value: 'KEY=VALUE',
    text: `one value of the input, ${NESTED}`,
  },
  body: {
    type: 'string',
    value: 'FILE',
    text: 'the body: a file, or - for stdin; it is sent byte for byte unless --set changes it',
  },
  type: { type: 'string', value: 'TYPE', text: 'the content type (default: application/json, or that of the event)' },
  id: {
    type: 'string',
    value: 'ID',
    text: 'the id, written where identify_by reads it, else as callback_id in the URL',
  },
  header: { type: 'string', multiple: true, value: 'NAME: VALUE', text: 'a header' },
  param: {
    type: 'string',
    multiple: true,
    value: 'NAME=VALUE',
    text: 'a parameter of the path, as id=7 for /done/:id',
  },
  provider: {
    type: 'string',
    value: 'NAME',
    text: `the service that calls back: ${PROVIDER_NAMES.join(', ')}`,
  },
  tunnel: {
    type: 'string',
    value: 'NAME',
    text: `what gives the app a public URL: ${Object.keys(INIT_TUNNELS).join(', ')} (default: asks)`,
  },
  dir: { type: 'string', value: 'FOLDER', text: 'where the files are written (default: this folder)' },
  yes: { type: 'boolean', short: 'y', text: 'asks nothing and takes the defaults: generic, and no tunnel' },
  event: { type: 'string', value: 'NAME', text: 'the event of the provider (default: its first)' },
  to: { type: 'string', value: 'URL', text: 'where to send it (default: the port of the listener on 127.0.0.1)' },
  times: { type: 'string', value: 'N', text: 'how often the same call is sent (default: 1)' },
  forge: { type: 'boolean', text: 'breaks the signature; the exit code is 0 when the call is refused' },
  'private-key': {
    type: 'string',
    value: 'FILE',
    text: 'the private key (PEM, or whsk_…) of a scheme with public keys',
  },
  timeout: { type: 'string', value: 'TIME', text: 'cancels the run after this time, such as 5m (default: no limit)' },
  drain: { type: 'string', value: 'TIME', text: 'how long Ctrl-C waits for what still runs (default: 10s)' },
  driver: { type: 'string', value: 'NAME', text: 'what opens the tunnel: cloudflare or ngrok (default: cloudflare)' },
  inspect: {
    type: 'string',
    value: 'PORT',
    text: 'the port of the inspector on 127.0.0.1, or the next free one; off for none (default: 4040)',
  },
  url: {
    type: 'string',
    value: 'URL',
    text: 'where the controller answers (default: the host, port and base_path of the config)',
  },
  token: { type: 'string', value: 'TOKEN', text: 'the token of controller.auth (default: that of the config)' },
  'log-level': {
    type: 'string',
    value: 'LEVEL',
    text: `${LOG_LEVELS.join(', ')} (default: info)`,
  },
  'log-format': { type: 'string', value: 'FORMAT', text: 'pretty, or json for one object a line (default: pretty)' },
  help: { type: 'boolean', short: 'h', text: 'shows this' },
  version: { type: 'boolean', short: 'v', text: 'shows the version' },
} as const satisfies Readonly<Record<string, OptionSyntax>>

export type OptionName = keyof typeof OPTIONS

/** One command of the command line. */
export interface CommandSyntax {
  readonly text: string
  /** What the help calls its argument. */
  readonly argument?: string
  /** Whether the argument must be there; default: false. */
  readonly isRequired?: true
  /** Whether the argument may be several words, as POST /done without quotes; default: false. */
  readonly isPhrase?: true
  readonly options: readonly OptionName[]
  /** What the help says of an option here, where that differs from other commands. */
  readonly texts?: Readonly<Partial<Record<OptionName, string>>>
  /** A further sentence of the help. */
  readonly more: string
}

/** All commands, by name. */
export const COMMANDS = {
  up: {
    text: 'serves the listeners, the controller and the gateways, and shows every callback',
    options: ['file', 'drain', 'log-level', 'log-format'],
    more: 'Ctrl-C takes no new work and waits for what still runs; Ctrl-C again ends it.',
  },
  run: {
    text: 'runs a workflow once and prints its output as JSON',
    argument: 'workflow',
    options: ['file', 'input', 'set', 'timeout', 'log-level', 'log-format'],
    texts: { 'log-level': `${LOG_LEVELS.join(', ')} (default: warn, info for logger jobs)` },
    more: 'Without a name: the only workflow, or the default one. The log goes to stderr. Ctrl-C cancels the run.',
  },
  validate: {
    text: 'checks the config and prints every problem and warning',
    options: ['file'],
    more: 'The exit code is 1 when something is wrong; warnings leave it 0.',
  },
  schema: {
    text: 'prints the JSON Schema of the config',
    options: [],
    more: 'Editors complete and check a config by it.',
  },
  listen: {
    text: 'opens a tunnel, without a config, and shows every request that comes through',
    argument: 'port',
    options: ['driver', 'inspect', 'log-level', 'log-format'],
    more: 'With a port, requests go on to the app there; without one, each is answered with 200. r and Enter repeat the last one. Ctrl-C stops.',
  },
  replay: {
    text: 'has a running controller parse, judge and settle a delivery again, and says what became of it',
    argument: 'id',
    isRequired: true,
    options: ['file', 'url', 'token'],
    more: 'The inspector and GET /deliveries list the ids. The exit code is 1 when it is refused.',
  },
  send: {
    text: 'calls an endpoint of the config as its service would, signed, and says what became of it',
    argument: 'endpoint',
    isPhrase: true,
    options: [
      'file',
      'body',
      'set',
      'id',
      'type',
      'header',
      'param',
      'provider',
      'event',
      'to',
      'times',
      'forge',
      'private-key',
    ],
    texts: { set: `one value of the body, ${NESTED}` },
    more: 'The endpoint is its path, or "POST /done"; without one, the only one. Its listener must run already.',
  },
  init: {
    text: 'writes a new project for a service: callbacks.yml, .env.example, app.mjs and a test that passes',
    options: ['provider', 'tunnel', 'dir', 'yes'],
    texts: { provider: `the service that calls back: ${Object.keys(INIT_PROVIDERS).join(', ')} (default: asks)` },
    more: 'Asks for what no option says. Files that exist are left as they are.',
  },
} as const satisfies Readonly<Record<string, CommandSyntax>>

export type CommandName = keyof typeof COMMANDS

/** Whether there is such a command. */
export function isCommand(name: string): name is CommandName {
  return Object.hasOwn(COMMANDS, name)
}

/** Whether there is such an option. */
export function isOption(name: string): name is OptionName {
  return Object.hasOwn(OPTIONS, name)
}

/** The options that a command takes; without one, those that stand alone. */
export function optionsOf(command: CommandName | undefined): readonly OptionName[] {
  return command === undefined ? ['help', 'version'] : [...COMMANDS[command].options, 'help']
}
