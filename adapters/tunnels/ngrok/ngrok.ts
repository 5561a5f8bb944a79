import { CallbackError } from '../../../lib/base/errors'
import { isInstalled } from '../../../lib/base/peers'
import type { TunnelDriver, TunnelRequest } from '../../../lib/base/contracts'
import { wantsDocker } from '../program/docker'
import { findNamedProgram, findProgram } from '../program/find-program'
import { openNgrokAgent } from './agent'
import { AGENT_PAGE, AUTHTOKEN_PAGE } from './errors'
import { findNgrokPackage, openNgrokPackage } from './package'
import { readText } from '../options'

/**
 * Creates a driver for ngrok: its agent from `bin`, NGROK_BIN or PATH, or as a container; without an agent, the package
 * `@ngrok/ngrok`. A `bin` or NGROK_BIN that names no program is an error.
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

/** Looks for the agent, and for the package; runs neither. Throws `ERR_GATEWAY_PROGRAM` when both are missing. */
export function lookForNgrok(request: Pick<TunnelRequest, 'options' | 'env'>, isThere = isInstalled): void {
  if (findAgent(request) === undefined && !isThere('@ngrok/ngrok')) throw noProgram()
}

function findAgent({ options, env }: Pick<TunnelRequest, 'options' | 'env'>): string | undefined {
  const names = { '"bin"': readText(options, 'bin'), NGROK_BIN: env['NGROK_BIN'] }
  return findNamedProgram(names, env) ?? findProgram('ngrok', env)
}

function noProgram(): CallbackError {
  const message =
    'There is neither an ngrok agent in PATH nor the package @ngrok/ngrok. Either: npm install @ngrok/ngrok; or install ' +
    `the agent (${AGENT_PAGE}). Both need an authtoken (${AUTHTOKEN_PAGE}) as "authtoken" or NGROK_AUTHTOKEN`
  return new CallbackError('ERR_GATEWAY_PROGRAM', { message })
}
