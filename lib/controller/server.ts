import { readFileSync } from 'node:fs'
import { createServer, type RequestListener, type Server } from 'node:http'
import type { ControllerSpec } from '../config/normalize'
import { CallbackError, reasonOf } from '../base/errors'
import type { StandaloneServer } from '../app/servers'
import type { Logger } from '../base/contracts'
import { toUrlPath } from '../base/same-path'
import type { StatusUrls } from '../listener/held/status-urls'

/**
 * Creates the server of the controller, HTTPS when the config has `ssl`, whose files are read here. The log and
 * `statusUrls` are told where it listens. Throws `ERR_LISTEN` for files that cannot be used.
 */
export function createControllerServer(
  spec: ControllerSpec,
  api: RequestListener,
  logger: Logger,
  statusUrls: StatusUrls,
): StandaloneServer {
  const { ssl } = spec
  const basePath = toUrlPath(spec.basePath)
  const host = spec.host.replace(/^\[|\]$/g, '')
  const server = ssl ? createSecureServer(ssl, api, spec.at) : createServer(api)
  const scheme = ssl ? 'https' : 'http'
  const origin = `${scheme}://${host.includes(':') ? `[${host}]` : host}`
  server.once('close', () => statusUrls.noteServer(undefined))
  return {
    host,
    port: spec.port,
    server,
    onListening(port) {
      statusUrls.noteServer({ scheme, host, configPort: spec.port, port, basePath })
      logger.info({ port }, `[Controller] ${origin}:${port}${basePath}`)
    },
  }
}

function createSecureServer(ssl: NonNullable<ControllerSpec['ssl']>, api: RequestListener, at: string): Server {
  const files = { cert: readPem(ssl.cert, `${at}.ssl.cert`), key: readPem(ssl.key, `${at}.ssl.key`) }
  try {
    // Loaded here, since most have no use for it.
    const https: typeof import('node:https') = require('node:https')
    return https.createServer(files, api)
  } catch (cause) {
    const reason = reasonOf(cause)
    const message = `The certificate ${ssl.cert} and the key ${ssl.key} cannot be used: ${reason}. Both must be PEM files that belong together`
    throw new CallbackError('ERR_LISTEN', { at: `${at}.ssl`, message, cause })
  }
}

function readPem(file: string, at: string): Buffer {
  try {
    return readFileSync(file)
  } catch (cause) {
    const reason = reasonOf(cause)
    const message = `The file ${JSON.stringify(file)} cannot be read: ${reason}. Check the path, which is relative to where the program was started`
    throw new CallbackError('ERR_LISTEN', { at, message, cause })
  }
}
