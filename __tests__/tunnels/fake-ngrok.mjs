#!/usr/bin/env node
// Stands for an ngrok agent and for ngrok's edge at once. What it does is said by variables of its environment, which
// use-fake-ngrok.ts sets and explains.
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer, request } from 'node:http'
import { join } from 'node:path'

const { FAKE_NGROK_STATE: state, FAKE_NGROK_SCENARIO: scenario = 'v3', FAKE_NGROK_VERSION: version } = process.env
const captures = join(import.meta.dirname, '..', 'fixtures', 'tunnels')
const argv = process.argv.slice(2)
const starts = readdirSync(state).filter((file) => file.startsWith('start-'))

writeFileSync(
  join(state, `start-${String(starts.length + 1).padStart(3, '0')}.json`),
  JSON.stringify({ pid: process.pid, argv, env: process.env }),
)
if (argv[0] === 'version') {
  process.stdout.write(`ngrok version ${version}\n`)
  process.exit(0)
}

const run = starts.filter((file) => JSON.parse(readFileSync(join(state, file), 'utf8')).argv[0] === 'http').length + 1
const publicUrl = askedUrl() ?? process.env.FAKE_NGROK_URL.replaceAll('{run}', String(run))
const [host, port] = splitAddress(argv[1])
let isUp = true

function askedUrl() {
  for (const name of ['--url', '--domain', '--hostname']) {
    const value = argv[argv.indexOf(name) + 1]
    if (argv.includes(name)) return value.startsWith('https://') ? value : `https://${value}`
  }
  return undefined
}

function splitAddress(address) {
  const colon = address.lastIndexOf(':')
  return [address.slice(0, colon).replace(/^\[|\]$/g, ''), Number(address.slice(colon + 1))]
}

function entry(msg, more = {}) {
  return JSON.stringify({ lvl: 'info', msg, t: '2026-11-23T19:38:09.378438846Z', ...more })
}

const established = entry('client session established', { obj: 'tunnels.session' })
const authtoken = process.env.NGROK_AUTHTOKEN ?? '2abc_own'
const refused = `authentication failed: The authtoken you specified is properly formed, but it is invalid.\nYour authtoken: ${authtoken}\nThis usually happens when it was reset.\r\n\r\nERR_NGROK_107\r\n`
const noAccount = 'authentication failed: Usage of ngrok requires a verified account and authtoken.'

/** What agents of version 3 write, and the exit code of those that end by themselves. */
const SCENARIOS = {
  v3: {
    lines: [
      entry('no configuration paths supplied'),
      entry('starting web service', { obj: 'web', addr: '127.0.0.1:4040', allow_hosts: null }),
      established,
      entry('tunnel session started', { obj: 'tunnels.session' }),
      entry('started tunnel', {
        obj: 'tunnels',
        name: 'command_line',
        addr: { Scheme: 'http', Host: argv[1] },
        url: publicUrl,
      }),
    ],
  },
  v3_silent: { lines: [entry('starting web service', { obj: 'web', addr: '127.0.0.1:4040' })] },
  v3_exit: { lines: [entry('starting web service', { obj: 'web', addr: '127.0.0.1:4040' }), 'panic: oh'], code: 3 },
  v3_bad_token: {
    lines: [
      entry('failed to reconnect session', { lvl: 'eror', obj: 'tunnels.session', err: refused }),
      ...refused.split(/\r?\n/).map((line) => `ERROR:  ${line}`),
    ],
    code: 1,
  },
  v3_no_token: { lines: [`ERROR:  ${noAccount}`, 'ERROR:  ', 'ERROR:  ERR_NGROK_4018', 'ERROR:  '], code: 1 },
  v3_old: { lines: ['ERROR:  unknown flag: --url'], code: 1 },
}

/** A real agent's output: what it wrote when it was stopped comes when this one is. */
function readCapture(name) {
  const file = join(captures, `ngrok-${name}.stdout`)
  if (!existsSync(file)) throw new Error(`no scenario ${name}`)
  const { exit } = JSON.parse(readFileSync(join(captures, `ngrok-${name}.meta.json`), 'utf8'))
  const lines = readFileSync(file, 'utf8').split('\n')
  const code = Array.isArray(exit) ? exit[0] : exit.code
  const stop = lines.findIndex((line) => line.includes('received stop request'))
  const wasStopped = code === 0 && stop !== -1
  return wasStopped ? { lines: lines.slice(0, stop), last: lines.slice(stop) } : { lines, code }
}

function say(lines) {
  if (lines.length > 0) process.stdout.write(`${lines.join('\n')}\n`)
}

/** Forwards to the local port as the edge does: the host stays the public one, and the way is told in headers. */
function forward(incoming, outgoing) {
  if (!isUp) return outgoing.writeHead(404).end('ERR_NGROK_3200')
  const headers = {
    ...incoming.headers,
    'x-forwarded-for': incoming.socket.remoteAddress,
    'x-forwarded-host': incoming.headers.host,
    'x-forwarded-proto': 'https',
  }
  const inner = request({ host, port, method: incoming.method, path: incoming.url, headers }, (answer) => {
    outgoing.writeHead(answer.statusCode, answer.rawHeaders)
    answer.pipe(outgoing)
  })
  inner.on('error', () => outgoing.writeHead(502).end('ERR_NGROK_8012'))
  return incoming.pipe(inner)
}

const { lines, code, last = [] } = SCENARIOS[scenario] ?? readCapture(scenario)
process.on('SIGTERM', () => {
  if (process.env.FAKE_NGROK_IGNORES_SIGTERM === '1') return
  say(last)
  process.exit(0)
})
process.on('SIGUSR2', () => {
  isUp = false
  say([entry('session closed, starting reconnect loop', { lvl: 'eror', err: 'session closed' })])
})
process.on('SIGHUP', () => {
  isUp = true
  say([established])
})
if (code !== undefined) {
  say(lines)
  process.exitCode = code
} else {
  const edge = createServer(forward)
  edge.listen(0, '127.0.0.1', () => {
    writeFileSync(join(state, `edge-${process.pid}`), `http://127.0.0.1:${edge.address().port}`)
    say(lines)
  })
}
