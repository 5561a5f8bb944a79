import { CallbackError, type ErrorCode } from '../../../lib/base/errors'
import type { SshLogin } from './auth'
import { readErrorParts } from './error-parts'
import type { SshServer } from './server'

/** What is known when ssh2 tells an error. */
export interface SshSituation {
  readonly server: SshServer
  readonly login: SshLogin
  /** How the server lets people log in, as far as it has said so. */
  readonly accepted: readonly string[]
  /** What went wrong between this process and an ssh-agent. */
  readonly agentError: string | undefined
}

/** How many keepalives may stay without an answer. */
export const KEEPALIVES = 3

/** Why a connection could not be made, or broke, in the words of this package. */
export function explainSshError(error: unknown, situation: SshSituation): CallbackError {
  const { name, keepaliveIntervalMs } = situation.server
  const { message, level, code } = readErrorParts(error)
  const make = (errorCode: ErrorCode, text: string): CallbackError =>
    new CallbackError(errorCode, { message: text, cause: error })

  if (level === 'client-authentication' || /too many authentication failures/i.test(message))
    return make('ERR_GATEWAY_AUTH', describeRefusal(message, situation))
  if (level === 'client-timeout') {
    const patience = `${KEEPALIVES} keepalives, one every ${keepaliveIntervalMs / 1000} s`
    return make('ERR_GATEWAY_NETWORK', `The ssh server ${name} does not answer any more (${patience})`)
  }
  if (level === 'client-socket')
    return make(
      'ERR_GATEWAY_NETWORK',
      `The ssh server ${name} cannot be reached: ${describeSocketError(code, message)}`,
    )
  if (/no matching/i.test(message)) {
    const advice = 'ssh2 and the server have no algorithm in common; update the server'
    return make('ERR_GATEWAY_OPTIONS', `The ssh server ${name} cannot be talked to: ${message} (${advice})`)
  }
  if (/before handshake|protocol|identification/i.test(message))
    return make('ERR_GATEWAY_NETWORK', `What listens on ${name} does not talk ssh, or turned us away: ${message}`)
  return make('ERR_GATEWAY_NETWORK', `The connection to the ssh server ${name} broke: ${message}`)
}

/** The error of a connection that ended without an error of ssh2: the server is gone, or has ended the session. */
export function connectionLost({ name }: SshServer, isUp: boolean): CallbackError {
  const when = isUp ? '' : ' before the login was done'
  const message = `The ssh server ${name} closed the connection${when}: it was stopped, or ended the session`
  return new CallbackError('ERR_GATEWAY_NETWORK', { message })
}

function describeRefusal(message: string, { server, login, accepted, agentError }: SshSituation): string {
  const tooMany = /too many/i.test(message) ? `, since it was shown too many keys` : ''
  const ways = accepted.length === 0 ? '' : `; it accepts ${accepted.join(', ')}`
  const agent = agentError === undefined ? '' : ` (${agentError})`
  const refusal = `The ssh server ${server.name} refused the user "${login.username}" with ${login.label}${agent}`
  return `${refusal}${tooMany}${ways}. ${login.advice}`
}

function describeSocketError(code: string | undefined, message: string): string {
  if (code === 'ECONNREFUSED') return `nothing listens there (${code}); check "host" and "port" of the connection`
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN')
    return `its name is not known (${code}); check "host" of the connection`
  return message === '' ? (code ?? 'no reason told') : message
}
