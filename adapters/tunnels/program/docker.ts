import { randomUUID } from 'node:crypto'
import { CallbackError } from '../../../lib/base/errors'
import type { TunnelRequest } from '../../../lib/base/contracts'
import type { Command } from './child-process'
import { findProgram } from './find-program'
import { badOptions, readText } from '../options'

/** A tunnel program that runs as a container. */
export interface Container {
  /** The image, unless the gateway names one. */
  readonly image: string
  /** What the image's program is called with. */
  readonly args: readonly string[]
  /** What the program finds in its environment; handed over by name, so that no value stands in a command line. */
  readonly variables?: Readonly<Record<string, string | undefined>>
  /** Files that it finds inside, as `file:place:ro`. It runs as the user of this process then, who may read them. */
  readonly volumes?: readonly string[]
  readonly secrets?: Command['secrets']
}

/** Whether the gateway asks for its program to run as a container. */
export function wantsDocker({ options }: TunnelRequest): boolean {
  return options['runtime'] === 'docker'
}

/** The host under which a program reaches the local port. On Linux a container shares the network of this machine. */
export function reachableHost(request: TunnelRequest): string {
  const isLocal = /^(?:localhost|127\..*|::1|0\.0\.0\.0)$/.test(request.host)
  return wantsDocker(request) && isLocal && process.platform !== 'linux' ? 'host.docker.internal' : request.host
}

/** Gives the command that runs a container, which goes when it ends. Throws `ERR_GATEWAY_PROGRAM` without docker. */
export function createContainerCommand({ env, options }: TunnelRequest, container: Container): Command {
  const file = findProgram('docker', env)
  if (file === undefined) throw noDocker('the docker command line is not in PATH')
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

/** Why a container could not be started, where docker itself is the reason. */
export function explainContainer(lastLines: readonly string[]): CallbackError | undefined {
  const noDaemon = explainDaemon(lastLines)
  if (noDaemon) return noDaemon
  const refusal = lastLines.find((one) => NO_IMAGE.test(one))
  if (refusal === undefined) return undefined
  return badOptions(
    `docker cannot get the image of this gateway: ${refusal}. Correct "image", or log in to its registry`,
  )
}

/** Why docker did nothing, where it does not run or may not be used. */
export function explainDaemon(lastLines: readonly string[]): CallbackError | undefined {
  const line = lastLines.find((one) => /docker daemon|docker\.sock|docker API/i.test(one))
  return line === undefined ? undefined : noDocker(`it does not run: ${line}`)
}

const NO_IMAGE =
  /pull access denied|manifest (?:unknown|for .* not found)|no matching manifest|invalid reference format|unauthorized:/i

function noDocker(reason: string): CallbackError {
  const message = `"runtime: docker" cannot be had, since ${reason}. Install and start Docker, or write "runtime: native"`
  return new CallbackError('ERR_GATEWAY_PROGRAM', { message })
}
