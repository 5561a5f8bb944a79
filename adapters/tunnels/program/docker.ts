import { randomUUID } from 'node:crypto'
import { CallbackError } from '../../../lib/base/errors'
import type { TunnelRequest } from '../../../lib/base/contracts'
import type { Command } from './child-process'
import { findProgram } from './find-program'
import { badOptions, readText } from '../options'
import { createMask, listSpellings } from '../../../lib/base/secrets/mask'
import { listSecrets } from '../../../lib/base/secrets/secret-names'
import { runCommand } from './run-command'

/** A tunnel program that runs as a container. */
export interface Container {
  /** The image, unless the gateway names one. */
  readonly image: string
  /** What the image's program is called with. */
  readonly args: readonly string[]
  /** What the program finds in its environment; handed over by name, so that the command line holds no value. */
  readonly variables?: Readonly<Record<string, string | undefined>>
  /** Files that it finds inside, as `file:place:ro`. It runs as the user of this process then, who may read them. */
  readonly volumes?: readonly string[]
  readonly secrets?: Command['secrets']
}

/** Whether the gateway asks for its program to run as a container. */
export function wantsDocker({ options }: Pick<TunnelRequest, 'options'>): boolean {
  return options['runtime'] === 'docker'
}

/** The host under which a program reaches the local port. On Linux a container shares the network of this machine. */
export function reachableHost(request: TunnelRequest): string {
  const isLocal = /^(?:localhost|127\..*|::1|0\.0\.0\.0)$/.test(request.host)
  return wantsDocker(request) && isLocal && process.platform !== 'linux' ? 'host.docker.internal' : request.host
}

/** Returns the path of docker. Throws `ERR_GATEWAY_PROGRAM` when it is not there. */
export function lookForDocker({ env }: Pick<TunnelRequest, 'env'>): string {
  const file = findProgram('docker', env)
  if (file === undefined) throw noDocker('the docker command line is not in PATH')
  return file
}

/**
 * Creates the command that runs a container, which is removed when it ends. Throws `ERR_GATEWAY_PROGRAM` without
 * docker.
 */
export function createContainerCommand({ env, options }: TunnelRequest, container: Container): Command {
  const file = lookForDocker({ env })
  const { image, args, variables = {}, volumes = [], secrets } = container
  const given = Object.entries(variables).filter(([, value]) => value !== undefined)
  const named = readText(options, 'image') ?? image
  const name = `express-callbacks-${randomUUID()}`
  const network = process.platform === 'linux' ? ['--network', 'host'] : []
  const handed = given.flatMap(([variable]) => ['--env', variable])
  const mounted = volumes.flatMap((volume) => ['--volume', volume])
  // On Linux a container of another user cannot read the files of this one.
  if (mounted.length > 0 && process.platform === 'linux' && process.getuid && process.getgid)
    mounted.push('--user', `${process.getuid()}:${process.getgid()}`)
  const what = [...network, ...mounted, ...handed, named, ...args]
  return {
    file,
    args: ['run', '--rm', '--init', '--name', name, ...what],
    env: { ...env, ...Object.fromEntries(given) },
    secrets,
    image: named,
    cleanup: [file, 'rm', '--force', name],
  }
}

/** Returns why docker has failed, by its last lines; undefined where they do not tell. */
export function explainDocker(lastLines: readonly string[]): CallbackError | undefined {
  const noDaemon = explainDaemon(lastLines)
  if (noDaemon) return noDaemon
  const refusal = lastLines.find((one) => NO_IMAGE.test(one))
  if (refusal === undefined) return undefined
  return badOptions(
    `docker cannot get the image of this gateway: ${refusal}. Correct "image", or log in to its registry`,
  )
}

/** Why docker did nothing, where it does not run or may not be used. */
function explainDaemon(lastLines: readonly string[]): CallbackError | undefined {
  const line = lastLines.find((one) => /docker daemon|docker\.sock|docker API/i.test(one))
  return line === undefined ? undefined : noDocker(`it does not run: ${line}`)
}

const NO_IMAGE =
  /pull access denied|manifest (?:unknown|for .* not found)|no matching manifest|invalid reference format|unauthorized:/i

function noDocker(reason: string): CallbackError {
  const message = `"runtime: docker" cannot be used: ${reason}. Install and start Docker, or write "runtime: native"`
  return new CallbackError('ERR_GATEWAY_PROGRAM', { message })
}

/** How long docker may take to look for an image on this machine. */
const LOOK_MS = 30_000
/** How long it may take to fetch one. */
const PULL_MS = 10 * 60_000
/** How many lines of what docker says last are looked at. */
const LAST_LINES = 10

/**
 * Fetches the image of a container when this machine has none, which takes longer than a tunnel may take to open.
 * Throws `ERR_GATEWAY_PROGRAM` without a running docker, `_OPTIONS` for an image that cannot be fetched, `_RATE_LIMITED`
 * when its registry says so, and `_NETWORK` for anything else.
 */
export async function pullImage(command: Command, image: string, request: TunnelRequest): Promise<void> {
  const looked = await runDocker(command, ['image', 'inspect', '--format', '{{.Id}}', image], LOOK_MS, request)
  if (looked.isDone) return
  const noDaemon = explainDaemon(looked.lines)
  if (noDaemon) throw noDaemon
  const { port, logger } = request
  logger.info({ port }, `[docker] fetches the image ${image}, which this machine does not have yet`)
  const { isDone, lines } = await runDocker(command, ['pull', image], PULL_MS, request)
  if (!isDone) throw explainDocker(lines) ?? noImage(image, lines.at(-1) ?? 'docker does not say why')
}

interface Done {
  readonly isDone: boolean
  /** What it said last. */
  readonly lines: readonly string[]
}

async function runDocker(
  { file, env, secrets }: Command,
  args: readonly string[],
  limitMs: number,
  { port, logger, clock, signal }: TunnelRequest,
): Promise<Done> {
  const mask = createMask(listSpellings(listSecrets(env)))
  const lines: string[] = []
  const { code } = await runCommand(
    { file, args, env, secrets },
    {
      clock,
      signal,
      limitMs,
      tooLate: () => noImage(args.at(-1) ?? '', `"docker ${args[0]}" was not done within ${limitMs / 1000} s`),
      onLine(written) {
        const line = mask(written)
        logger.debug({ port, program: 'docker' }, `[docker] ${line}`)
        if (line.trim() !== '') lines.push(line.trim())
        if (lines.length > LAST_LINES) lines.shift()
      },
    },
  )
  return { isDone: code === 0, lines }
}

function noImage(image: string, reason: string): CallbackError {
  const isLimited = /toomanyrequests|rate limit/i.test(reason)
  const advice = isLimited ? 'Wait, or log in to its registry' : `Look at the network, or try it: docker pull ${image}`
  const message = `docker could not fetch the image ${image}: ${reason}. ${advice}`
  return new CallbackError(isLimited ? 'ERR_GATEWAY_RATE_LIMITED' : 'ERR_GATEWAY_NETWORK', { message })
}
