import { basename } from 'node:path'
import { types } from 'node:util'
import { CallbackError } from '../../lib/base/errors'
import type { TunnelDriver, TunnelRequest } from '../../lib/base/contracts'
import type { Command } from './program/child-process'
import { createFirstUrl, createPatternUrl, type ReadUrl, withoutState } from './command-url'
import { createContainerCommand, reachableHost, wantsDocker } from './program/docker'
import { findProgram } from './program/find-program'
import { badOptions, readNumber, readText, readTexts, required } from './options'
import type { Finding } from './program/follow-program'
import { openProgramTunnel, type TunnelProgram } from './program/program-tunnel'

/** How long a program that says nothing must have lived to be taken for ready. */
const LIVED_MS = 1000

/**
 * Opens a tunnel by any program: `command` is its argv, in which `{port}` and `{host}` stand for where the tunnel leads.
 * The public URL is `publicUrl`, else what `urlPattern` finds in a line of its output, else the first URL of a public
 * host without a path. It is ready when `readyPattern` matches a line; without that, with its URL, and where that is
 * fixed, after it has lived for a second. Rejects with `ERR_GATEWAY_OPTIONS`, `_PROGRAM`, `_TIMEOUT` and `_EXITED`.
 */
export const openCommand: TunnelDriver = async (request) => openProgramTunnel(createProgram(request), request)

function createProgram(request: TunnelRequest): TunnelProgram {
  const { options } = request
  const argv = required(readTexts(options, 'command'), 'command')
  const [program = ''] = argv
  const publicUrl = readText(options, 'publicUrl')
  const settleMs = readNumber(options, 'settleMs')
  const shared = { name: basename(program), command: createCommand(argv.map(fillIn(request)), request), publicUrl }
  const urlPattern = readPattern(request, 'urlPattern')
  const readyPattern = readPattern(request, 'readyPattern')
  if (publicUrl === undefined) {
    const readUrl = urlPattern ? createPatternUrl(urlPattern) : createFirstUrl()
    return { ...shared, settleMs: settleMs ?? 0, read: createRead(readUrl, readyPattern) }
  }
  const isReady = readyPattern ?? urlPattern
  return {
    ...shared,
    isStable: true,
    isReadyAtStart: isReady === undefined,
    settleMs: settleMs ?? (isReady ? 0 : LIVED_MS),
    read: (line) => (isReady?.test(line) === true ? { kind: 'ready' } : undefined),
  }
}

/** What a line tells; one line may tell both. */
function createRead(readUrl: ReadUrl, readyPattern: RegExp | undefined): (line: string) => readonly Finding[] {
  let isKnown = false
  return (line) => {
    const found = readUrl(line)
    const findings: Finding[] = []
    if (found?.kind === 'url') {
      isKnown = true
      findings.push(found)
      if (!readyPattern) findings.push({ kind: 'ready' })
    } else if (found && !isKnown) {
      const advice = 'Put brackets around the part that is the URL, or name that group: (?<url>…)'
      const message = `url_pattern finds ${JSON.stringify(found.text)} where the public URL should be. ${advice}`
      findings.push({ kind: 'failed', error: badOptions(message) })
    }
    if (readyPattern?.test(line) === true) findings.push({ kind: 'ready' })
    return findings
  }
}

function createCommand([program = '', ...args]: readonly string[], request: TunnelRequest): Command {
  const { env, options } = request
  if (wantsDocker(request)) {
    const image = required(readText(options, 'image'), 'image')
    return createContainerCommand(request, { image, args: [program, ...args] })
  }
  return { file: lookForProgram(program, env), args, env }
}

/** Looks for the program of a gateway, and does not start it. Throws `ERR_GATEWAY_PROGRAM` when it is not there. */
export function lookForCommand({ options, env }: Pick<TunnelRequest, 'options' | 'env'>): void {
  const [program = ''] = readTexts(options, 'command') ?? []
  lookForProgram(program, env)
}

function lookForProgram(program: string, env: TunnelRequest['env']): string {
  const file = findProgram(program, env)
  if (file !== undefined) return file
  const where = /[/\\]/.test(program) ? 'There is no such file that can be run' : 'It is not in PATH'
  const message = `The program ${JSON.stringify(program)} cannot be started. ${where}; install it, or write its path`
  throw new CallbackError('ERR_GATEWAY_PROGRAM', { message })
}

function fillIn(request: TunnelRequest): (argument: string) => string {
  const values: Readonly<Record<string, string>> = { '{port}': String(request.port), '{host}': reachableHost(request) }
  return (argument) => argument.replaceAll(/\{(?:port|host)\}/g, (place) => values[place] ?? place)
}

function readPattern({ options }: TunnelRequest, key: string): RegExp | undefined {
  const pattern = options[key]
  return types.isRegExp(pattern) ? withoutState(pattern) : undefined
}
