import { CallbackError } from '../../../lib/base/errors'
import { sleep, untilAborted, withinLimit } from '../../../lib/base/timers'
import type { Tunnel, TunnelRequest } from '../../../lib/base/contracts'
import { describeEnd, type Ended } from './child-process'
import { explainDocker, pullImage } from './docker'
import { type FollowedProgram, followProgram, quoteLines, type ReadableProgram } from './follow-program'

/** A program that opens a tunnel. */
export interface TunnelProgram extends ReadableProgram {
  readonly isStable?: boolean
  /** Confirms the URL; rejects when it is another's. The signal aborts when the answer is not wanted any more. */
  readonly confirm?: (publicUrl: string, signal: AbortSignal) => Promise<void>
  /** How long a new URL settles before it is given out. */
  readonly settleMs?: number
  /** Why it ended, where its output has told more than its last lines do. */
  readonly explain?: () => CallbackError | undefined
  readonly check?: Tunnel['check']
  readonly maxDownMs?: Tunnel['maxDownMs']
}

/** How long a program has to open a tunnel. cloudflared gives up a hanging request by itself after 15 s. */
const OPEN_MS = 60_000

/**
 * Runs a program until its output has told the public URL and that the tunnel is ready. Resolves to the tunnel, which
 * ends with the program. After a failure nothing of the program is left. The image of a container is fetched
 * before. Rejects with `ERR_GATEWAY_PROGRAM` when the program cannot be run, `_TIMEOUT` after a minute, `_EXITED` when
 * it ends first, and what its output tells.
 */
export async function openProgramTunnel(program: TunnelProgram, request: TunnelRequest): Promise<Tunnel> {
  const { command, isStable, check, maxDownMs } = program
  request.signal.throwIfAborted()
  if (command.image !== undefined) await pullImage(command, command.image, request)
  const running = followProgram(program, request)
  const closed = running.ended.then((ended) => explainEnd(program, running, ended))
  const over = new AbortController()
  void closed.then((error) => over.abort(error))
  try {
    const signal = AbortSignal.any([request.signal, over.signal])
    const publicUrl = await settleUrl(program, running, { ...request, signal })
    running.announce()
    return { publicUrl, isStable, closed, maxDownMs, ...(check && { check }), close: running.stop }
  } catch (error) {
    await running.stop()
    throw error
  }
}

/** Resolves to the public URL once it has settled, without having changed meanwhile. */
async function settleUrl(program: TunnelProgram, running: FollowedProgram, request: TunnelRequest): Promise<string> {
  const { settleMs = 0 } = program
  const { clock, signal } = request
  const limit = { clock, signal, limitMs: OPEN_MS, tooLate: () => tooLate(program, running) }
  for (;;) {
    const publicUrl = await withinLimit(limit, (over) => confirmUrl(program, running, over))
    if (settleMs > 0) await sleep(clock, settleMs, signal)
    if (publicUrl === running.publicUrl()) return publicUrl
  }
}

/** Resolves to the public URL once it is known, and confirmed to be the program's own. */
async function confirmUrl({ confirm }: TunnelProgram, running: FollowedProgram, over: AbortSignal): Promise<string> {
  await untilAborted(running.open, over)
  for (;;) {
    const publicUrl = running.publicUrl() ?? ''
    await confirm?.(publicUrl, over)
    over.throwIfAborted()
    if (publicUrl === running.publicUrl()) return publicUrl
  }
}

/** The output of a program tells more than its exit code. */
function explainEnd(program: TunnelProgram, running: FollowedProgram, ended: Ended): CallbackError {
  const lastLines = running.lastLines()
  const said = running.failure()
  if (said) return said
  if (!running.hasRun() && isNoProgram(ended)) return cannotRun(program, ended, lastLines)
  const explained = isDockerFailure(program, ended) ? explainDocker(lastLines) : program.explain?.()
  return explained === undefined ? exited(program, ended, running) : running.withoutSecrets(explained)
}

/** 125 is the code of "docker run" when docker itself has failed. */
function isDockerFailure({ command }: TunnelProgram, { code }: Ended): boolean {
  return command.image !== undefined && code === 125
}

/** 126 and 127 are the codes of a shell, or of docker, that could not start the program. */
function isNoProgram({ error, code }: Ended): boolean {
  return error !== undefined || code === 126 || code === 127
}

function cannotRun({ name }: TunnelProgram, ended: Ended, lastLines: readonly string[]): CallbackError {
  const reason = ended.error?.message ?? (lastLines.join(' | ') || `it ended ${describeEnd(ended)}`)
  const message = `${name} cannot be run here: ${reason}. Is it a program for this machine, and is all there that it needs?`
  return new CallbackError('ERR_GATEWAY_PROGRAM', { message })
}

function exited({ name }: TunnelProgram, ended: Ended, running: FollowedProgram): CallbackError {
  const message = `${name} ended ${describeEnd(ended)}; ${quoteLines(running.lastLines())}`
  return new CallbackError('ERR_GATEWAY_EXITED', { message })
}

function tooLate({ name }: TunnelProgram, running: FollowedProgram): CallbackError {
  const missing = running.publicUrl() === undefined ? 'told no public URL' : 'was not connected'
  const message = `${name} ${missing} within ${OPEN_MS / 1000} s; ${quoteLines(running.lastLines())}`
  return new CallbackError('ERR_GATEWAY_TIMEOUT', { message })
}
