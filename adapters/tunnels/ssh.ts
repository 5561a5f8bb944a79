import { isIPv6 } from 'node:net'
import { CallbackError } from '../../lib/errors'
import type { Tunnel, TunnelDriver, TunnelRequest } from '../../lib/types'
import { wantsDocker } from './docker'
import { badOptions, readNumber, readText, writeAddress } from './options'
import { createSshLogin } from './ssh-auth'
import { forwardConnections } from './ssh-forward'
import { createHostKeyCheck } from './ssh-host-key'
import { loadSsh, type SshClient, type SshLibrary } from './ssh-library'
import { readSshServer, type SshServer } from './ssh-server'
import { openSession, type SshSession } from './ssh-session'

/** How long a server has to let us in and to bind its port. */
const OPEN_MS = 20_000

/** Opens a tunnel through an ssh server: one of its ports leads to the local one. Needs the package ssh2. */
export const openSsh: TunnelDriver = createSshDriver(() => require('ssh2'))

/** Gives the driver over a library that is loaded with every attempt. */
export function createSshDriver(load: () => SshLibrary): TunnelDriver {
  return async (request) => {
    const { signal, clock, env } = request
    signal.throwIfAborted()
    if (wantsDocker(request)) throw badOptions('An ssh-tunnel runs inside this process; take "runtime: docker" away')
    const library = loadSsh(load)
    const server = readSshServer(request)
    const login = createSshLogin(server, env, library)
    const session = openSession(library, { server, login, hostKey: createHostKeyCheck(server, env), clock })
    const onAbort = (): void => session.fail(signal.reason)
    signal.addEventListener('abort', onAbort)
    const deadline = clock.setTimeout(() => session.fail(tooLate(server)), OPEN_MS)
    try {
      return await openForward(session, server, request)
    } finally {
      clock.clearTimeout(deadline)
      signal.removeEventListener('abort', onAbort)
    }
  }
}

async function openForward(session: SshSession, server: SshServer, request: TunnelRequest): Promise<Tunnel> {
  const broken = session.ended.then((reason) => Promise.reject(reason))
  broken.catch(() => undefined) // it may break when nobody waits any more
  const forward = forwardConnections(session.client, request)
  void session.ended.then(forward.close)
  try {
    await Promise.race([session.ready, broken])
    const remotePort = await Promise.race([bindPort(session.client, server, request), broken])
    return describeTunnel(session, server, request, remotePort)
  } catch (error) {
    // Why it broke says more than what that broke.
    session.fail(error)
    throw (await session.ended) ?? error
  }
}

function describeTunnel(session: SshSession, { host }: SshServer, request: TunnelRequest, remotePort: number): Tunnel {
  const fixedUrl = readText(request.options, 'publicUrl')
  const publicAddress = writeAddress({ host, port: remotePort })
  const publicUrl = fixedUrl ?? `http://${publicAddress}`
  const isFixedPort = remotePortOf(request) !== 0
  if (request.previousUrl === undefined) warnOf(request, { fixedUrl, publicUrl, remotePort, isFixedPort })
  return {
    publicUrl,
    publicAddress,
    isStable: fixedUrl !== undefined || isFixedPort,
    closed: session.ended,
    close: session.end,
  }
}

interface Assumed {
  readonly fixedUrl: string | undefined
  readonly publicUrl: string
  readonly remotePort: number
  readonly isFixedPort: boolean
}

/** The server does not tell who reaches its port: it may listen on its loopback address alone. */
function warnOf({ port, logger }: TunnelRequest, { fixedUrl, publicUrl, remotePort, isFixedPort }: Assumed): void {
  if (fixedUrl === undefined) {
    const assumed =
      `that everybody reaches port ${remotePort} of the ssh server ("GatewayPorts clientspecified" in its sshd_config, ` +
      'no firewall in between), and that plain http will do'
    const advice = 'Write "public_url" when the port is reached under another URL'
    logger.warn({ port, publicUrl }, `[Gateway] ${publicUrl} assumes ${assumed}. ${advice}`)
  } else if (!isFixedPort) {
    const advice = `It may be another one after a reconnect: write the port as "REMOTE:${port}"`
    logger.warn(
      { port, publicUrl },
      `[Gateway] ${publicUrl} must lead to port ${remotePort} of the ssh server. ${advice}`,
    )
  }
}

/** Has the server listen; a port that it may choose is first the one it chose before, so that the URL stays. */
async function bindPort(client: SshClient, { host, name }: SshServer, request: TunnelRequest): Promise<number> {
  const wanted = remotePortOf(request)
  const address = isIPv6(host) ? '::' : '0.0.0.0'
  const previous = wanted === 0 ? previousPortOf(request, host) : undefined
  if (previous !== undefined) {
    const port = await listenOn(client, address, previous).catch(() => undefined)
    if (port !== undefined) return port
  }
  try {
    return await listenOn(client, address, wanted)
  } catch (cause) {
    throw new CallbackError('ERR_GATEWAY_PORT', { message: describeBindFailure(name, wanted), cause })
  }
}

async function listenOn(client: SshClient, address: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    client.forwardIn(address, port, (error, bound) => {
      if (error) reject(error instanceof Error ? error : new Error('The server refused to listen'))
      else resolve(bound)
    })
  })
}

function describeBindFailure(server: string, port: number): string {
  const low = port > 0 && port < 1024 ? 'only root may listen on a port below 1024; ' : ''
  const held =
    port === 0
      ? ''
      : 'another program or the session before this one still holds it (ClientAliveInterval ends a dead one); '
  const advice = `${low}${held}or it allows no forwarding ("AllowTcpForwarding yes", "PermitListen" in its sshd_config)`
  return `The ssh server ${server} does not listen on ${port === 0 ? 'a port of its choice' : `port ${port}`}: ${advice}`
}

function remotePortOf({ options, port }: TunnelRequest): number {
  return readNumber(options, 'remotePort') ?? port
}

function previousPortOf({ previousUrl, options }: TunnelRequest, host: string): number | undefined {
  if (previousUrl === undefined || readText(options, 'publicUrl') !== undefined || !URL.canParse(previousUrl))
    return undefined
  const url = new URL(previousUrl)
  return url.hostname === new URL(`http://${writeAddress({ host, port: 1 })}`).hostname
    ? Number(url.port || 80)
    : undefined
}

function tooLate({ name }: SshServer): CallbackError {
  const message = `The ssh server ${name} did not let us in and bind its port within ${OPEN_MS / 1000} s`
  return new CallbackError('ERR_GATEWAY_TIMEOUT', { message })
}
