import { type Config, compileConfig } from '../../config/normalize'
import { createMessageMask, listSpellings, type Mask } from '../../base/secrets/mask'
import type { SignOptions, UnsignedRequest } from '../../verify/contract'
import { compileSign, coverageOf, needsPrivateKey } from '../../verify/verify'
import { loadFiles } from '../config-files'
import { EXIT_DONE, EXIT_FAILED, type Io } from '../io'
import type { CliOptions, SendOptions } from '../syntax/args'
import { toLocalHost } from '../../base/values/local-host'
import { readHttpUrl } from '../syntax/input'
import { UsageError } from '../syntax/usage-error'
import { describeAnswer, isAsExpected } from './answer'
import { applySets, JSON_TYPE, readBytes, readFile, writeContent } from './content'
import { type Chosen, chooseEndpoint, targetOf } from './endpoint'
import { createEvent } from './events/events'
import type { SampleEvent } from './events/sample'
import { paramOfId, withId } from './id'
import { traceCall } from './outcome'
import { post } from './post'

type Given = Pick<CliOptions, 'files' | 'sets'> & SendOptions

/**
 * Calls an endpoint of the config as its service would, signed with the secret of the endpoint, and prints what became of each
 * call. Returns the exit code: 0 when all were taken (with `--forge`: refused). Rejects when nothing listens there.
 */
export async function send(argument: string | undefined, given: Given, io: Io): Promise<number> {
  const config = compileConfig(loadFiles(given.files, io).source)
  const chosen = chooseEndpoint(config, argument)
  const { isForged, times } = given
  const privateKey = given.privateKey && readFile(given.privateKey, io, '--private-key').toString()
  const request = await createRequest(chosen, config, given, io)
  const signed = await sign(request, chosen, { isForged, privateKey, env: config.env }, io)
  const { origin } = placeOf(chosen, given)
  const url = new URL(origin + signed.target)
  const mask = createMask(chosen, privateKey)
  let code = EXIT_DONE
  for (let index = 1; index <= times; index += 1) {
    const start = performance.now()
    const traced = traceCall(config, url)
    const answer = await post({ ...signed, headers: { ...signed.headers, ...traced?.headers }, url, option: '--to' })
    const ms = Math.round(performance.now() - start)
    const outcome = await traced?.outcome()
    const count = times === 1 ? '' : `${index}/${times} `
    io.stdout.write(`${count}${mask(describeAnswer({ method: signed.method, url, ms, isForged, outcome }, answer))}\n`)
    if (!isAsExpected(answer, isForged)) code = EXIT_FAILED
  }
  return code
}

/** The answer may quote what was sent. */
function createMask({ endpoint: { verify } }: Chosen, privateKey: string | undefined): Mask {
  return createMessageMask(listSpellings([...(verify?.secrets ?? []), ...(privateKey ? [privateKey.trim()] : [])]))
}

/** Returns the request with its proof, where the endpoint wants one. Throws a UsageError where none can be made. */
async function sign(
  request: UnsignedRequest,
  { endpoint: { verify, item }, name }: Chosen,
  options: SignOptions,
  io: Io,
): Promise<UnsignedRequest> {
  if (verify === undefined) {
    if (options.isForged) throw new UsageError(`${name} has no "verify", so that there is no signature to forge`)
    return request
  }
  if (needsPrivateKey(verify) && options.privateKey === undefined && !options.isForged) {
    const message = `"${verify.scheme}" is signed with a private key, and the config has the public one`
    throw new UsageError(`${message}; name the file of the private key (PEM, or whsk_…) with --private-key`)
  }
  return compileSign(verify, { ...options, item })(request, io.now())
}

async function createRequest(chosen: Chosen, config: Config, given: Given, io: Io): Promise<UnsignedRequest> {
  const { endpoint } = chosen
  const event = createEvent(given, io.now())
  const { type, body, headers } = await createContent(endpoint.method, given, event, io)
  const params = readPairs(given.params, '--param')
  const idParam = given.id === undefined ? undefined : paramOfId(endpoint)
  const { origin, target } = placeOf(chosen, given)
  const request = {
    method: endpoint.method,
    publicUrl: publicUrlOf(chosen, config, given, origin),
    target: target ?? targetOf(chosen, { ...params, ...(idParam !== undefined && { [idParam]: given.id ?? '' }) }),
    headers: { 'user-agent': 'express-callbacks', ...(type !== undefined && { 'content-type': type }), ...headers },
    body,
  }
  return given.id === undefined || idParam !== undefined ? request : withId(request, given.id, endpoint)
}

async function createContent(
  method: string,
  { body: file, type: named, headers: lines, sets }: Given,
  event: SampleEvent | undefined,
  io: Io,
) {
  if (file !== undefined && event !== undefined)
    throw new UsageError('--body and --provider both give a body; take one of them out')
  const headers = { ...event?.headers, ...readHeaders(lines) }
  const type = headers['content-type'] ?? named ?? event?.type ?? JSON_TYPE
  const hasBody = method !== 'GET' && method !== 'DELETE'
  const fresh = hasBody ? writeContent({}, type) : Buffer.alloc(0)
  const given = event ? writeContent(event.body, event.type) : file === undefined ? fresh : await readBytes(file, io)
  const body = applySets({ type, body: given }, sets)
  return { type: hasBody || body.length > 0 ? type : undefined, body, headers }
}

/** A header holds bytes, which a terminal writes as UTF-8. */
function readHeaders(lines: readonly string[]): Readonly<Record<string, string>> {
  const entries = lines.map((line) => {
    const [, name, value = ''] = /^([!#$%&'*+.^_`|~\w-]+):[ \t]*([^\r\n\0]*)$/.exec(line) ?? []
    if (name === undefined) throw new UsageError('--header needs NAME: VALUE, such as "X-Request-Id: 7"')
    return [name.toLowerCase(), Buffer.from(value.trim()).toString('latin1')] as const
  })
  return Object.fromEntries(entries)
}

function readPairs(pairs: readonly string[], option: string): Readonly<Record<string, string>> {
  const entries = pairs.map((pair) => {
    const [name = '', value] = pair.split(/=(.*)/s)
    if (name === '' || value === undefined)
      throw new UsageError(`${option} needs NAME=VALUE, such as id=7; found ${JSON.stringify(name)}`)
    return [name, value] as const
  })
  return Object.fromEntries(entries)
}

interface CallPlace {
  /** Protocol, host and port. */
  readonly origin: string
  /** Path and query; undefined where the endpoint says them. */
  readonly target: string | undefined
}

/** Returns where a call goes: to the port of the listener on this machine, else where `--to` says. */
function placeOf({ listener: { host, port }, name }: Chosen, { to }: SendOptions): CallPlace {
  if (to === undefined) {
    if (port === 0) throw new UsageError(`The listener of ${name} takes any free port; name its URL with --to`)
    return { origin: `http://${toLocalHost(host)}:${port}`, target: undefined }
  }
  const url = readHttpUrl('--to', to, 'http://127.0.0.1:3000/done')
  const target = url.pathname + url.search
  return { origin: url.origin, target: target === '/' ? undefined : target }
}

/** Returns what a sender signs as the URL before the path. Throws a UsageError where only the running gateway knows it. */
function publicUrlOf(
  { listener, endpoint, name }: Chosen,
  config: Config,
  { to }: SendOptions,
  origin: string,
): string {
  const gateway = config.gateways.find(({ port }) => port === listener.port)
  const { verify } = endpoint
  const told = listener.publicUrl ?? gateway?.publicUrl
  if (
    told === undefined &&
    gateway !== undefined &&
    to === undefined &&
    verify !== undefined &&
    coverageOf(verify).url
  ) {
    const message = `"${verify.scheme}" signs the public URL, which only the running gateway of ${name} knows`
    throw new UsageError(`${message}; name it with --to https://…`)
  }
  return told ?? origin
}
