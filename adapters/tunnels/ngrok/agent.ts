import type { Logger, Tunnel, TunnelRequest } from '../../../lib/base/contracts'
import type { Command } from '../program/child-process'
import { createContainerCommand, reachableHost } from '../program/docker'
import { maskAuthtoken } from './errors'
import { readNgrokOptions } from './options'
import { createNgrokOutput } from './output'
import { readNumber, readText, writeAddress } from '../options'
import { openProgramTunnel } from '../program/program-tunnel'
import { runCommand } from '../program/run-command'

/** The image of an agent that runs as a container. */
const IMAGE = 'ngrok/ngrok:latest'
/** How long an agent has to tell its version. */
const VERSION_MS = 10_000
/** How long an agent may take to connect again. The limit is long, since another agent would have another URL. */
const PATIENCE_MS = 10 * 60_000

/**
 * Opens a tunnel through an ngrok agent: the program `file`, or a container when it is undefined. The agent connects
 * again by itself under the same URL. The authtoken goes by `NGROK_AUTHTOKEN`; without one, the agent takes what its
 * own configuration holds.
 */
export async function openNgrokAgent(file: string | undefined, request: TunnelRequest): Promise<Tunnel> {
  const { authtoken, domain } = readNgrokOptions(request)
  const address = writeAddress({ host: reachableHost(request), port: request.port })
  const named = domain === undefined ? [] : writeDomain(domain, await findVersion(file, request))
  const output = createNgrokOutput([authtoken])
  return openProgramTunnel(
    {
      name: 'ngrok',
      command: createCommand(file, ['http', address, ...named, '--log', 'stdout', '--log-format', 'json'], request),
      read: output.read,
      isStable: domain !== undefined,
      settleMs: readNumber(request.options, 'settleMs') ?? 0,
      maxDownMs: domain === undefined ? PATIENCE_MS : undefined,
      explain: output.explain,
      check: async () => output.health(),
    },
    { ...request, logger: createMaskedLogger(request.logger) },
  )
}

function createCommand(file: string | undefined, args: readonly string[], request: TunnelRequest): Command {
  const { authtoken } = readNgrokOptions(request)
  const secrets = [authtoken]
  const variables = { NGROK_AUTHTOKEN: authtoken }
  if (file === undefined) return createContainerCommand(request, { image: IMAGE, args, variables, secrets })
  return { file, args, env: { ...request.env, ...(authtoken !== undefined && variables) }, secrets }
}

/** The option for a domain has had three names. An agent that does not tell its version counts as the newest. */
function writeDomain(domain: string, version: Version | undefined): readonly string[] {
  const { major, minor } = version ?? { major: 3, minor: 15 }
  if (major < 3) return ['--hostname', domain]
  return major > 3 || minor >= 15 ? ['--url', `https://${domain}`] : ['--domain', domain]
}

interface Version {
  readonly major: number
  readonly minor: number
}

/** No container is started to ask for the version: the tag of its image tells it, or the image is the newest. */
async function findVersion(file: string | undefined, request: TunnelRequest): Promise<Version | undefined> {
  if (file !== undefined) return readVersion(createCommand(file, ['version'], request), request)
  return parseVersion(/:(\d+)(?:\.(\d+))?/.exec(readText(request.options, 'image')?.split('/').at(-1) ?? ''))
}

async function readVersion(command: Command, { clock, signal }: TunnelRequest): Promise<Version | undefined> {
  const lines: string[] = []
  const onLine = (line: string): void => void lines.push(line)
  const tooLate = (): Error => new Error('it does not tell its version')
  try {
    await runCommand(command, { clock, signal, limitMs: VERSION_MS, tooLate, onLine })
  } catch {
    signal.throwIfAborted()
  }
  return parseVersion(/\bversion v?(\d+)\.(\d+)/.exec(lines.join('\n')))
}

/** A version without its second number is the newest of the first. */
function parseVersion(found: RegExpExecArray | null): Version | undefined {
  const [, major, minor] = found ?? []
  return major === undefined ? undefined : { major: Number(major), minor: Number(minor ?? Infinity) }
}

/** ngrok repeats an authtoken that it refuses, also one that only its own configuration knows. */
function createMaskedLogger(logger: Logger): Logger {
  const mask =
    (level: keyof Logger) =>
    (details: object, message: string): void =>
      logger[level](details, maskAuthtoken(message))
  return { debug: mask('debug'), info: mask('info'), warn: mask('warn'), error: mask('error') }
}
