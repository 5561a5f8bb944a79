import { CallbackError } from '../../lib/errors'
import type { TunnelDriver, TunnelRequest } from '../../lib/types'
import { wantsDocker } from './docker'
import { findProgram } from './find-program'
import { openNgrokAgent } from './ngrok-agent'
import { AGENT_PAGE, AUTHTOKEN_PAGE } from './ngrok-errors'
import { findNgrokPackage, openNgrokPackage } from './ngrok-package'
import { readText } from './options'

/**
 * Gives a driver for ngrok: its agent from `bin`, NGROK_BIN or PATH, or as a container; without an agent, the package
 * `@ngrok/ngrok`. A `bin` or NGROK_BIN that leads nowhere is an error and no reason to look further.
 */
export function createNgrokDriver(findPackage = findNgrokPackage): TunnelDriver {
  return async (request) => {
    if (wantsDocker(request)) return openNgrokAgent(undefined, request)
    const agent = findAgent(request)
    if (agent !== undefined) return openNgrokAgent(agent, request)
    const ngrok = findPackage()
    if (ngrok === undefined) throw noProgram()
    return openNgrokPackage(ngrok, request)
  }
}

/** Opens tunnels through ngrok. */
export const openNgrok: TunnelDriver = createNgrokDriver()

function findAgent({ options, env }: TunnelRequest): string | undefined {
  const bin = readText(options, 'bin')
  const named = bin ?? (env['NGROK_BIN'] || undefined)
  if (named === undefined) return findProgram('ngrok', env)
  const found = findProgram(named, env)
  if (found !== undefined) return found
  const key = bin === undefined ? 'NGROK_BIN' : '"bin"'
  const message = `${key} of the ngrok gateway is "${named}", which is no program that can be run. Correct or remove it; the agent is on ${AGENT_PAGE}`
  throw new CallbackError('ERR_GATEWAY_PROGRAM', { message })
}

function noProgram(): CallbackError {
  const message =
    'There is neither an ngrok agent in PATH nor the package @ngrok/ngrok. Either: npm install @ngrok/ngrok; or install ' +
    `the agent (${AGENT_PAGE}). Both need an authtoken (${AUTHTOKEN_PAGE}) as "authtoken" or NGROK_AUTHTOKEN`
  return new CallbackError('ERR_GATEWAY_PROGRAM', { message })
}
