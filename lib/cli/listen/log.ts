import { isMapping } from '../../base/values/plain'
import { CallbackError, reasonOf } from '../../base/errors'
import type { Logger } from '../../base/contracts'

export interface ListenLogOptions {
  readonly log: Logger
  /** The port of the app that gets the requests; undefined when they are answered here. */
  readonly appPort: number | undefined
  /** Returns advice for this command, which the message of the driver lacks. */
  readonly advise: (error: CallbackError) => string | undefined
}

/**
 * Creates the log of the gateway in the words of this command, which has one tunnel and no config. It leaves out what the
 * command writes by itself (why the gateway failed, and each new URL), its own port, and places in a config. The same
 * advice is written once.
 */
export function createListenLog({ log, appPort, advise }: ListenLogOptions): Logger {
  const given = new Set<string>()
  const adviseOnce = (details: object): string => {
    const advice = 'err' in details && details.err instanceof CallbackError ? advise(details.err) : undefined
    if (advice === undefined || given.has(advice)) return ''
    given.add(advice)
    return `. ${advice}`
  }
  return {
    debug: log.debug,
    info: (details, message) => log.info(withoutPort(details), nameTunnel(message, appPort)),
    warn(details, message) {
      if ('previousUrl' in details || 'at' in details) return
      log.warn(withoutPort(details), nameTunnel(message, appPort) + adviseOnce(details))
    },
    error(details, message) {
      if ('err' in details && details.err instanceof CallbackError) return
      log.error(withoutPort(details), nameTunnel(message, appPort))
    },
  }
}

/** Returns the words of the driver in an error of its gateway. */
export function tunnelReasonOf(error: CallbackError): string {
  return nameTunnel(reasonOf(error.cause ?? error), undefined)
}

function nameTunnel(message: string, appPort: number | undefined): string {
  return message
    .replace(/^The gateway of port \d+ could not be opened by the driver "[^"]*":/, 'The tunnel could not be opened:')
    .replace(/^The gateway of port \d+ lost its tunnel:/, 'The tunnel was lost:')
    .replace(/^(?:The gateway|(?:The|A) tunnel) of port \d+ /, 'The tunnel ')
    .replace(/^(\[Gateway\] Opening a tunnel) to port \d+/, appPort === undefined ? '$1' : `$1 to port ${appPort}`)
}

/** Leaves out the port, and of an error all but the error of the driver. */
function withoutPort(details: object): object {
  if (!isMapping(details)) return details
  const { port: _port, err, ...rest } = details
  const cause = err instanceof CallbackError ? (err.cause ?? err) : err
  return cause === undefined ? rest : { err: cause, ...rest }
}
