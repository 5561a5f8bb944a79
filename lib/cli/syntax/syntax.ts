/** One option of the command line. */
export interface OptionSyntax {
  readonly type: 'string' | 'boolean'
  readonly short?: string
  readonly multiple?: boolean
  /** How the help calls its value. */
  readonly value?: string
  readonly text: string
}

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
    text: 'one value of the input, over --input; dots in the key nest; JSON where it can be, else text',
  },
  timeout: { type: 'string', value: 'TIME', text: 'cancels the run after this time, such as 5m (default: no limit)' },
  drain: { type: 'string', value: 'TIME', text: 'how long Ctrl-C waits for what still runs (default: 10s)' },
  driver: { type: 'string', value: 'NAME', text: 'what opens the tunnel: cloudflare or ngrok (default: cloudflare)' },
  'log-level': {
    type: 'string',
    value: 'LEVEL',
    text: 'debug, info, warn or error (default: info for up and listen; for run warn, but info for logger jobs)',
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
  readonly options: readonly OptionName[]
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
    options: ['driver', 'log-level', 'log-format'],
    more: 'With a port, requests go on to the app there; without one, each is answered with 200. Ctrl-C stops.',
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
