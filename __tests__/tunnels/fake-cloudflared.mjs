#!/usr/bin/env node
/**
 * Acts like cloudflared for tests: takes its arguments, writes what a capture holds, has its metrics, its signals and
 * its exit codes, and forwards what comes to its edge to the port behind `--url`. What it does is said by the variable
 * FAKE_CLOUDFLARED; see use-fake-cloudflared.ts, which sets it, for every choice.
 */
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { createServer, request } from 'node:http'
import { join } from 'node:path'

const FIXTURES = join(import.meta.dirname, '..', 'fixtures', 'tunnels')
const FLAGS = {
  config: 1, 'no-autoupdate': 0, metrics: 1, 'grace-period': 1, protocol: 1, url: 1, origincert: 1, loglevel: 1,
  logfile: 1, output: 1, pidfile: 1, 'credentials-file': 1, hostname: 1, retries: 1, region: 1, 'edge-ip-version': 1,
} // prettier-ignore
const RUN_FLAGS = { ...FLAGS, token: 1 }
const CAPTURED_HOST = 'alpha-bravo-charlie-n1.trycloudflare.com'
const SHUTDOWN = 'Initiating graceful shutdown'

const argv = process.argv.slice(2)
const plan = JSON.parse(process.env.FAKE_CLOUDFLARED ?? '{}')
if (argv[0] === '--version') {
  process.stdout.write('cloudflared version 2026.8.2 (fake)\n')
  process.exit(0)
}
const number = countStart(plan.state)
const scenario = { capture: 'cf_quick_ok_http2', ...plan.scenarios[Math.min(number, plan.scenarios.length) - 1] }
const { flags, unknown } = readFlags(argv, scenario.refuses ?? [])
if (unknown !== undefined) {
  process.stdout.write(readCapture('cf_bad_flag', 'stdout').replace('-nope', `-${unknown}`), () => process.exit(0))
} else await play()

async function play() {
  const isNamed = argv.includes('run')
  const publicHost = isNamed ? '' : (scenario.publicHost ?? CAPTURED_HOST.replace('n1', `n${number}`))
  const state = { isRegistered: false, hasName: false, ready: undefined, quicktunnel: scenario.quicktunnel }
  const origin = new URL(flags.url ?? 'http://localhost:8080')
  const meta = JSON.parse(readCapture(scenario.capture, 'meta.json'))
  const captured = readCapture(scenario.capture, 'stderr').split('\n').slice(0, -1)
  let release
  let stand
  const standing = new Promise((resolve) => (stand = resolve))
  let isHeld = false

  const metrics = await listen((incoming, answer) => {
    if (incoming.url === '/ready') {
      const status = state.ready ?? (state.isRegistered ? 200 : 503)
      if (status !== 'hang') reply(answer, status, { status, readyConnections: status === 200 ? 1 : 0 })
    } else if (incoming.url === '/quicktunnel') {
      const { status = 200, hostname = publicHost } = state.quicktunnel ?? {}
      reply(answer, status, { hostname })
    } else reply(answer, incoming.url === '/healthcheck' ? 200 : 404, 'OK')
  })
  const edge = await listen((incoming, answer) => {
    const isUp = state.isRegistered && (state.ready ?? 200) === 200
    if (isUp) forward(incoming, answer, origin, publicHost)
    else reply(answer, 530, 'error code: 1033')
  })
  const control = await listen(async (incoming, answer) => {
    let text = ''
    for await (const chunk of incoming) text += chunk
    const change = JSON.parse(text)
    await standing
    Object.assign(state, 'ready' in change ? { ready: change.ready ?? undefined } : {})
    Object.assign(state, 'quicktunnel' in change ? { quicktunnel: change.quicktunnel ?? undefined } : {})
    for (const line of change.say ?? []) await say(line.replace(/^(?=(?:INF|WRN|ERR) )/, '2026-11-23T19:30:00Z '))
    if (change.go) release?.()
    await new Promise((resolve) => answer.end('done', resolve))
    if (change.exit !== undefined) process.exit(change.exit)
  })

  process.on('SIGTERM', () => void stop('SIGTERM'))
  process.on('SIGINT', () => void stop('SIGINT'))
  tell({ number, pid: process.pid, argv, env: process.env, publicHost, metrics, edge, control })

  const lines = captured.map((line) =>
    line
      .replaceAll(CAPTURED_HOST, publicHost === '' ? CAPTURED_HOST : publicHost)
      .replace(/(Starting metrics server on )[^/]*/, `$1127.0.0.1:${metrics}`),
  )
  const end = lines.findIndex((line) => line.includes(SHUTDOWN))
  for (const line of end === -1 ? lines : lines.slice(0, end)) {
    if (scenario.holdAt !== undefined && line.includes(scenario.holdAt) && !isHeld) {
      isHeld = true
      await new Promise((resolve) => {
        release = resolve
        stand()
      })
    }
    await say(line)
  }
  const isByItself = meta.events.length === 0 && end === -1 && meta.exit.code !== null
  if (isByItself) process.exit(meta.exit.code)
  stand()

  async function say(line) {
    if (/\|  https:|Starting tunnel/.test(line)) state.hasName = true
    if (line.includes('Registered tunnel connection')) state.isRegistered = true
    if (/Lost connection|Connection terminated|Unregistered tunnel connection/.test(line)) state.isRegistered = false
    const bytes = Buffer.from(`${line}\n`)
    const size = scenario.pieces ?? bytes.length
    for (let at = 0; at < bytes.length; at += size)
      await new Promise((resolve) => process.stderr.write(bytes.subarray(at, at + size), resolve))
  }

  async function stop(signal) {
    if (scenario.sigterm === 'ignore') return
    // Before it has a tunnel, it has no way to end but the signal's own.
    if (end === -1 || !state.hasName) {
      process.removeAllListeners(signal)
      process.kill(process.pid, signal)
      return
    }
    for (const line of lines.slice(end)) await say(line)
    process.exit(0)
  }
}

/** Counts by folders, which only one process can make. */
function countStart(state) {
  for (let count = 1; ; count += 1)
    try {
      mkdirSync(join(state, `start-${count}`))
      return count
    } catch (error) {
      if (error.code !== 'EEXIST') throw error
    }
}

function tell(facts) {
  const folder = join(plan.state, `start-${number}`)
  writeFileSync(join(folder, 'part'), JSON.stringify(facts))
  renameSync(join(folder, 'part'), join(folder, 'start.json'))
}

function readCapture(name, ending) {
  try {
    return readFileSync(join(FIXTURES, `cloudflared-${name}.${ending}`), 'utf8')
  } catch (error) {
    if (error.code === 'ENOENT' && ending === 'stderr') return ''
    throw error
  }
}

function readFlags([, ...words], refused) {
  const given = {}
  let known = FLAGS
  for (let at = 0; at < words.length; at += 1) {
    const [, name, value] = /^--?([^=]+)(?:=(.*))?$/.exec(words[at]) ?? []
    if (words[at] === 'run') known = RUN_FLAGS
    if (name === undefined) continue
    if (known[name] === undefined || refused.includes(name)) return { flags: given, unknown: name }
    given[name] = value ?? (known[name] === 1 ? words[(at += 1)] : 'true')
  }
  return { flags: given, unknown: undefined }
}

async function listen(respond) {
  const server = createServer(respond)
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  return server.address().port
}

function reply(answer, status, body) {
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  answer.writeHead(status, { connection: 'close' }).end(text)
}

/** A request arrives under the public name, with what Cloudflare adds. */
function forward(incoming, answer, origin, publicHost) {
  const { method, url: path, headers, socket } = incoming
  const asked = headers.host ?? ''
  const host = /^(127\.|localhost)/.test(asked) && publicHost !== '' ? publicHost : asked
  const { remoteAddress: sender } = socket
  const added = { host, 'x-forwarded-proto': 'https', 'x-forwarded-for': sender, 'cf-connecting-ip': sender }
  const { hostname, port } = origin
  const options = { hostname: hostname.replace(/^\[|\]$/g, ''), port, method, path, agent: false }
  const outgoing = request({ ...options, headers: { ...headers, ...added } }, (back) => {
    answer.writeHead(back.statusCode, back.headers)
    back.pipe(answer)
  })
  outgoing.on('error', () => reply(answer, 502, ''))
  answer.on('close', () => outgoing.destroy())
  incoming.pipe(outgoing)
}
