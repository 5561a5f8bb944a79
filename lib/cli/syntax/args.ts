import { parseArgs } from 'node:util'
import { LONE_DRIVERS, type LoneDriver } from '../../config/gateways/drivers'
import { DURATION, LISTENER_PORT } from '../../config/field/values'
import { LOG_LEVELS, type LogLevel } from '../../config/field/words'
import { INIT_PROVIDERS, type InitProvider } from '../init/providers/providers'
import { INIT_TUNNELS, type InitTunnel } from '../init/tunnels'
import { type CommandName, COMMANDS, type CommandSyntax, isCommand, isOption, OPTIONS, optionsOf } from './syntax'
import { suggest, UsageError } from './usage-error'

/** How log lines are written. */
export type LogFormat = (typeof LOG_FORMATS)[number]

/** What the options of `send` say. */
export interface SendOptions {
  /** The file of the body; `-` is stdin. */
  readonly body: string | undefined
  readonly type: string | undefined
  readonly id: string | undefined
  readonly headers: readonly string[]
  readonly params: readonly string[]
  readonly provider: string | undefined
  readonly event: string | undefined
  readonly to: string | undefined
  /** At least 1. */
  readonly times: number
  readonly isForged: boolean
  /** The file of the private key. */
  readonly privateKey: string | undefined
}

/** What the options of `init` say. */
export interface InitOptions {
  readonly provider: InitProvider | undefined
  readonly tunnel: InitTunnel | undefined
  /** The folder of the project. */
  readonly dir: string
  /** Whether nothing is asked. */
  readonly isYes: boolean
}

/** What the options of a command say. */
export interface CliOptions {
  /** Empty: the default ones. */
  readonly files: readonly string[]
  readonly input: string | undefined
  readonly sets: readonly string[]
  readonly timeoutMs: number | undefined
  readonly drainMs: number
  readonly driver: LoneDriver
  /** The port of the inspector of `listen`; undefined without one. */
  readonly inspectPort: number | undefined
  /** Where the controller answers. */
  readonly url: string | undefined
  readonly token: string | undefined
  readonly logLevel: LogLevel | undefined
  readonly logFormat: LogFormat
}

/** What the command line asks for. */
export type Invocation =
  | { readonly kind: 'help'; readonly command: CommandName | undefined }
  | { readonly kind: 'version' }
  /** Nothing was asked for. */
  | { readonly kind: 'none' }
  | {
      readonly kind: 'command'
      readonly command: Exclude<CommandName, 'send' | 'init'>
      readonly argument: string | undefined
      readonly options: CliOptions
    }
  | { readonly kind: 'init'; readonly options: InitOptions }
  | {
      readonly kind: 'send'
      readonly argument: string | undefined
      readonly options: Pick<CliOptions, 'files' | 'sets'> & SendOptions
    }

const LOG_FORMATS = ['pretty', 'json'] as const
const DEFAULT_DRAIN_MS = 10_000
const MAX_TIMES = 1000
const DEFAULT_INSPECT_PORT = 4040

/** Reads the arguments of the process, without those of Node. Throws a UsageError for what cannot be understood. */
export function readArguments(argv: readonly string[]): Invocation {
  const { values, positionals, tokens } = parseArgs({
    args: [...argv],
    options: OPTIONS,
    allowPositionals: true,
    strict: false,
    tokens: true,
  })
  const asksHelp = positionals[0] === 'help'
  const [name, ...rest] = asksHelp ? positionals.slice(1) : positionals
  const command = name === undefined ? undefined : readCommand(name)
  for (const token of tokens) if (token.kind === 'option') checkOption(token, command)
  if (asksHelp || values.help === true) return { kind: 'help', command }
  if (values.version === true) return { kind: 'version' }
  if (command === undefined) return { kind: 'none' }
  const argument = readArgument(command, rest)
  if (command === 'init') return { kind: 'init', options: readInitOptions(values) }
  const options = readOptions(values)
  if (command === 'send') return { kind: 'send', argument, options: { ...options, ...readSendOptions(values) } }
  return { kind: 'command', command, argument, options }
}

function readCommand(name: string): CommandName {
  if (isCommand(name)) return name
  throw new UsageError(`Unknown command ${JSON.stringify(name)}. ${suggest(name, Object.keys(COMMANDS))}`)
}

function readArgument(command: CommandName, given: readonly string[]): string | undefined {
  const { argument, isPhrase, options }: CommandSyntax = COMMANDS[command]
  const config = options.includes('file') ? given.find((one) => /\.ya?ml$/i.test(one)) : undefined
  if (config !== undefined)
    throw new UsageError(`A config is named by --file: express-callbacks ${command} --file ${JSON.stringify(config)}`)
  if (isPhrase && given.length > 0) return given.join(' ')
  const [unexpected] = argument === undefined ? given : given.slice(1)
  if (unexpected === undefined) return given[0]
  const most = argument === undefined ? 'no argument' : `one argument, the ${argument}`
  throw new UsageError(`"${command}" takes ${most}; found ${JSON.stringify(unexpected)}`)
}

interface OptionToken {
  readonly name: string
  readonly rawName: string
  readonly value?: string | undefined
  readonly inlineValue?: boolean | undefined
}

/** A value that looks like an option is most likely one, behind an option that lost its value. */
function checkOption({ name, rawName, value, inlineValue }: OptionToken, command: CommandName | undefined): void {
  const known = optionsOf(command)
  if (!isOption(name)) {
    const candidates = known.map((one) => `--${one}`)
    throw new UsageError(`Unknown option ${JSON.stringify(rawName)}. ${suggest(rawName, candidates)}`)
  }
  if (!known.includes(name) && name !== 'version') {
    const owners = Object.entries<CommandSyntax>(COMMANDS).filter(([, { options }]) => options.includes(name))
    const where = owners.map(([owner]) => `"${owner}"`).join(', ')
    throw new UsageError(`${rawName} belongs to ${where}${command === undefined ? '' : `, not with "${command}"`}`)
  }
  if (OPTIONS[name].type === 'boolean') {
    if (value !== undefined) throw new UsageError(`${rawName} takes no value`)
  } else if (value === undefined || (inlineValue === false && /^-./.test(value))) {
    const found = value === undefined ? '' : `; found ${JSON.stringify(value)}, which is written --${name}=${value}`
    throw new UsageError(`${rawName} needs a value${found}`)
  }
}

type Values = Readonly<Record<string, string | boolean | (string | boolean)[] | undefined>>

function readOptions(values: Values): CliOptions {
  return {
    files: readTexts(values['file']),
    input: readText(values['input']),
    sets: readTexts(values['set']),
    timeoutMs: readTime(values, 'timeout'),
    drainMs: readTime(values, 'drain') ?? DEFAULT_DRAIN_MS,
    driver: readWord(values, 'driver', LONE_DRIVERS) ?? 'cloudflare',
    inspectPort: readInspect(readText(values['inspect'])),
    url: readText(values['url']),
    token: readText(values['token']),
    logLevel: readWord(values, 'log-level', LOG_LEVELS),
    logFormat: readWord(values, 'log-format', LOG_FORMATS) ?? 'pretty',
  }
}

function readSendOptions(values: Values): SendOptions {
  return {
    body: readText(values['body']),
    type: readText(values['type']),
    id: readText(values['id']),
    headers: readTexts(values['header']),
    params: readTexts(values['param']),
    provider: readText(values['provider']),
    event: readText(values['event']),
    to: readText(values['to']),
    times: readTimes(readText(values['times'])),
    isForged: values['forge'] === true,
    privateKey: readText(values['private-key']),
  }
}

function readInitOptions(values: Values): InitOptions {
  return {
    provider: readWord(values, 'provider', namesOf(INIT_PROVIDERS)),
    tunnel: readWord(values, 'tunnel', namesOf(INIT_TUNNELS)),
    dir: readText(values['dir']) ?? '.',
    isYes: values['yes'] === true,
  }
}

function namesOf<T extends string>(table: Readonly<Record<T, unknown>>): readonly T[] {
  return Object.keys(table).filter((name): name is T => Object.hasOwn(table, name))
}

function readTimes(text = '1'): number {
  const times = /^\d+$/.test(text) ? Number(text) : 0
  if (times >= 1 && times <= MAX_TIMES) return times
  throw new UsageError(`--times must be a whole number from 1 to ${MAX_TIMES}; found ${JSON.stringify(text)}`)
}

function readInspect(text = String(DEFAULT_INSPECT_PORT)): number | undefined {
  if (text === 'off') return undefined
  const port = LISTENER_PORT.read(text)
  if (port !== undefined) return port
  throw new UsageError(`--inspect must be a port (0 for any that is free) or off; found ${JSON.stringify(text)}`)
}

function readText(value: Values[string]): string | undefined {
  return typeof value === 'string' ? value : undefined
}

function readTexts(value: Values[string]): readonly string[] {
  return Array.isArray(value) ? value.filter((one) => typeof one === 'string') : []
}

function readTime(values: Values, name: string): number | undefined {
  const text = readText(values[name])
  if (text === undefined) return undefined
  const ms = DURATION.read(text)
  if (ms !== undefined) return ms
  throw new UsageError(`--${name} must be ${DURATION.expected}; found ${JSON.stringify(text)}`)
}

function readWord<T extends string>(values: Values, name: string, words: readonly T[]): T | undefined {
  const text = readText(values[name])
  if (text === undefined) return undefined
  const found = words.find((word) => word === text)
  if (found !== undefined) return found
  throw new UsageError(`--${name} cannot be ${JSON.stringify(text)}. ${suggest(text, words)}`)
}
