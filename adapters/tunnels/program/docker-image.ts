import { CallbackError } from '../../../lib/base/errors'
import { createMask, listSpellings } from '../../../lib/base/secrets/mask'
import { listSecrets } from '../../../lib/base/secrets/secret-names'
import type { TunnelRequest } from '../../../lib/base/contracts'
import type { Command } from './child-process'
import { explainContainer, explainDaemon } from './docker'
import { runCommand } from './run-command'

/** How long docker may take to look for an image on this machine. */
const LOOK_MS = 30_000
/** How long it may take to fetch one. */
const PULL_MS = 10 * 60_000
/** How many lines of what docker says last are looked at. */
const LAST_LINES = 10

/**
 * Fetches the image of a container when this machine has none, which takes longer than a tunnel may take to open. Throws
 * `ERR_GATEWAY_PROGRAM` without a running docker, `_OPTIONS` for an image that cannot be had, `_RATE_LIMITED` when its
 * registry says so, and `_NETWORK` for anything else.
 */
export async function pullImage(command: Command, image: string, request: TunnelRequest): Promise<void> {
  const looked = await runDocker(command, ['image', 'inspect', '--format', '{{.Id}}', image], LOOK_MS, request)
  if (looked.isDone) return
  const noDocker = explainDaemon(looked.lines)
  if (noDocker) throw noDocker
  const { port, logger } = request
  logger.info({ port }, `[docker] fetches the image ${image}, which this machine does not have yet`)
  const { isDone, lines } = await runDocker(command, ['pull', image], PULL_MS, request)
  if (!isDone) throw explainContainer(lines) ?? noImage(image, lines.at(-1) ?? 'docker does not say why')
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
