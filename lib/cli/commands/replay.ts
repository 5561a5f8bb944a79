import { CallbackError } from '../../base/errors'
import { parseMapping } from '../../base/values/json-mapping'
import { isMapping, type Mapping } from '../../base/values/plain'
import { compileConfig, type ControllerSpec } from '../../config/normalize'
import { escapeControls } from '../../base/secrets/escape'
import { loadFiles } from '../config-files'
import { EXIT_DONE, EXIT_FAILED, type Io } from '../io'
import { authorizationOf, controllerUrlOf, routeUrl } from '../controller-url'
import { post } from '../send/post'
import type { CliOptions } from '../syntax/args'
import { readHttpUrl } from '../syntax/input'
import { UsageError } from '../syntax/usage-error'

type Given = Pick<CliOptions, 'files' | 'url' | 'token'>

/**
 * Has a running controller replay a delivery, and prints its verdict and the reason in one line. Returns the exit code: 0,
 * or 1 when the delivery is refused again. Rejects when the controller does not answer, or refuses to do it.
 */
export async function replay(id: string | undefined, given: Given, io: Io): Promise<number> {
  if (id === undefined) throw new UsageError('Which delivery is to be replayed? Name its id, such as dlv_0mh2k…')
  const { base, token } = findController(given, io)
  const url = routeUrl(base, `/deliveries/${encodeURIComponent(id)}/replay`)
  const headers = { 'content-type': 'application/json', 'user-agent': 'express-callbacks', ...authorizationOf(token) }
  const answer = await post({ url, method: 'POST', headers, body: Buffer.from('{}'), option: '--url' })
  const replayed = parseMapping(answer.body.toString()) ?? {}
  if (answer.status !== 200) throw toError(answer.status, replayed, url)
  const { id: own, verdict, outcome, code, reason } = replayed
  const word = [verdict, outcome === 'failed' && outcome, code].filter(Boolean).join(' ')
  io.stdout.write(`${escapeControls(`${word}: ${String(reason)} (${String(own)}, a replay of ${id})`)}\n`)
  return verdict === 'refused' ? EXIT_FAILED : EXIT_DONE
}

interface Place {
  readonly base: URL
  readonly token: string | undefined
}

/** Returns where the controller answers: as the options say, else as the config does. */
function findController({ files, url, token }: Given, io: Io): Place {
  const spec = url !== undefined && token !== undefined ? undefined : readController(files, url, io)
  if (url !== undefined)
    return { base: readHttpUrl('--url', url, 'http://127.0.0.1:8080'), token: token ?? spec?.auth?.token }
  if (spec === undefined) {
    const message = 'The config has no controller; where it is mounted in an app, name its place with --url http://…'
    throw new UsageError(message)
  }
  const base = controllerUrlOf(spec)
  if (base === undefined) throw new UsageError('The controller takes any free port; name its place with --url http://…')
  return { base, token: token ?? spec.auth?.token }
}

/** Reads the controller of the config. With `--url` there need not be any config. */
function readController(files: readonly string[], url: string | undefined, io: Io): ControllerSpec | undefined {
  try {
    return compileConfig(loadFiles(files, io).source).controller
  } catch (error) {
    const isMissing = files.length === 0 && error instanceof CallbackError && error.code === 'ERR_CONFIG_FILE'
    if (url !== undefined && isMissing) return undefined
    throw error
  }
}

/** Returns the error that the controller answered with, or says that something else answers there. */
function toError(status: number, { error }: Mapping, { origin }: URL): CallbackError {
  if (isMapping(error) && typeof error['message'] === 'string')
    return new CallbackError('ERR_DELIVERY_REPLAY', { message: error['message'] })
  const message = `${origin} answered ${status}, which is no answer of a controller; name its place with --url http://…`
  return new CallbackError('ERR_HTTP_STATUS', { message })
}
