import { isIPv6 } from 'node:net'
import { CallbackError, hasCode } from '../../../lib/base/errors'
import { onAbort, sleep, untilAborted } from '../../../lib/base/timers'
import type { Tunnel, TunnelDriver, TunnelRequest } from '../../../lib/base/contracts'
import { readNumber, readText, writeAddress } from '../options'
import { createSshLogin } from './auth'
import { forwardConnections } from './forward'
import { createHostKeyCheck, type HostKeyCheck } from './host-key'
import { loadSsh, type SshClient, type SshLibrary } from './library'
import { readSshServer, type SshServer } from './server'
import { openSession, type SessionOptions, type SshSession } from './session'

/** How long a server may take to accept the login and to bind its port. */
const OPEN_MS = 20_000

/**
 * How often, and how many milliseconds apart, to ask for the port of a session that broke: the server frees it late.
 */
const PREVIOUS_ATTEMPTS = 3
const PREVIOUS_PAUSE_MS = 2000

/** Opens a tunnel through an ssh server: one of its ports leads to the local one. Needs the package ssh2. */
export const openSsh: TunnelDriver = createSshDriver(() => require('ssh2'))

/** Creates the driver over a library, which is loaded with every attempt. */
export function createSshDriver(load: () => SshLibrary): TunnelDriver {
  return async (request) => {
    const { signal, env } = request
    signal.throwIfAborted()
    const library = loadSsh(load)
    const server = readSshServer(request)
    const hostKey = createHostKeyCheck(server, env)
    return withOtherKeys(hostKey, (check) => {
      // Some ways to log in work for one connection only, so each connection has its own.
      const login = createSshLogin(server, env, library)
      return openOnce(library, { server, login, hostKey: check, clock: request.clock }, request)
    })
  }
}

/** A server shows one key: when it is not the pinned one, another connection asks for its other keys. */
async function withOtherKeys(check: HostKeyCheck, open: (check: HostKeyCheck) => Promise<Tunnel>): Promise<Tunnel> {
  try {
    return await open(check)
  } catch (refusal) {
    const keyTypes = hasCode(refusal, 'ERR_GATEWAY_HOST_KEY') ? check.nextTypes?.() : undefined
    if (keyTypes === undefined) throw refusal
    return withOtherKeys({ ...check, keyTypes }, open).catch((error: unknown) => {
      // The server has no other keys.
      throw hasCode(error, 'ERR_GATEWAY_OPTIONS') ? refusal : error
    })
  }
}

async function openOnce(library: SshLibrary, options: SessionOptions, request: TunnelRequest): Promise<Tunnel> {
  const session = openSession(library, options)
  const stopListening = onAbort(request.signal, session.fail)
  try {
    return await openForward(session, options.server, request)
  } finally {
    stopListening()
  }
}

async function openForward(session: SshSession, server: SshServer, request: TunnelRequest): Promise<Tunnel> {
  const { clock, options } = request
  const over = new AbortController()
  void session.ended.then((reason) => over.abort(reason))
  const forward = forwardConnections(session.client, request)
  void session.ended.then(forward.close)
  const deadline = clock.setTimeout(() => session.fail(tooLate(server)), OPEN_MS)
  try {
    await untilAborted(session.ready, over.signal)
    const remotePort = await untilAborted(bindPort(session.client, server, request, over.signal), over.signal)
    clock.clearTimeout(deadline)
    const settleMs = readNumber(options, 'settleMs') ?? 0
    if (settleMs > 0) await sleep(clock, settleMs, over.signal)
    return describeTunnel(session, server, request, remotePort)
  } catch (error) {
    // The reason why the session broke says more than the error that followed from it.
    session.fail(error)
    throw (await session.ended) ?? error
  } finally {
    clock.clearTimeout(deadline)
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

/**
 * Asks the server to listen. When the server may choose the port, its former port is tried first, so that the URL
 * stays.
 */
async function bindPort(
  client: SshClient,
  { host, name }: SshServer,
  request: TunnelRequest,
  over: AbortSignal,
): Promise<number> {
  const wanted = remotePortOf(request)
  const address = isIPv6(host) ? '::' : '0.0.0.0'
  const previous = wanted === 0 ? previousPortOf(request, host) : undefined
  for (let attempt = 1; previous !== undefined && attempt <= PREVIOUS_ATTEMPTS; attempt++) {
    if (attempt > 1) await sleep(request.clock, PREVIOUS_PAUSE_MS, over)
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
  return url.protocol === 'http:' && url.hostname === new URL(`http://${writeAddress({ host, port: 1 })}`).hostname
    ? Number(url.port || 80)
    : undefined
}

function tooLate({ name }: SshServer): CallbackError {
  const message = `The ssh server ${name} did not let us in and bind its port within ${OPEN_MS / 1000} s`
  return new CallbackError('ERR_GATEWAY_TIMEOUT', { message })
}
