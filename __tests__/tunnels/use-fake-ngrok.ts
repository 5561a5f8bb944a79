import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { type IncomingHttpHeaders, request } from 'node:http'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { text } from 'node:stream/consumers'

export interface FakeNgrokOptions {
  /**
   * `v3` opens a tunnel as an agent of version 3 does. `v3_silent` never opens one; `v3_exit` ends with 3 and
   * `v3_bad_token`, `v3_no_token`, `v3_old` end with 1 before it is open. Anything else is the name of a capture in
   * fixtures/tunnels: `v2_ok_json`. Default: `v3`.
   */
  readonly scenario?: string
  /** The public URL of `v3`, where no domain is asked for; `{run}` is the number of the run. Default: https://abc123.ngrok.io */
  readonly publicUrl?: string
  /** What `ngrok version` tells; default: 3.30.0. */
  readonly version?: string
  /** Whether only SIGKILL ends it. */
  readonly ignoresSigterm?: boolean
}

/** One start of the fake agent. */
export interface FakeNgrokStart {
  readonly pid: number
  readonly argv: readonly string[]
  readonly env: Readonly<Record<string, string>>
}

/** An ngrok agent that needs no internet, and the edge of its tunnels. */
export interface FakeNgrok {
  /** The program, for `bin` of a gateway or NGROK_BIN. */
  readonly bin: string
  /** What the environment of the gateway must hold; the program is in its PATH as `ngrok`. */
  readonly env: Readonly<Record<string, string>>
  /** Every start, in order; also those that only told the version. */
  starts(): readonly FakeNgrokStart[]
  /** The start of the agent that opens a tunnel, once there is one. */
  started(): Promise<FakeNgrokStart>
  /** Where the edge of the last agent listens: `http://127.0.0.1:PORT`. What is sent there comes through the tunnel. Waits for the agent. */
  edge(): Promise<string>
  /** Sends a request to a public URL through the edge, with its host. */
  fetch(url: string, init?: FakeNgrokRequest): Promise<FakeNgrokAnswer>
  /** The session with the edge is lost, and is there again when told so. */
  drop(): void
  restore(): void
  /** Removes what it wrote. End the tunnels before. */
  dispose(): void
}

export interface FakeNgrokRequest {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
}

export interface FakeNgrokAnswer {
  readonly status: number | undefined
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

/** Gives a fake ngrok agent that is not started yet. Call `dispose()` when done. */
export function createFakeNgrok(options: FakeNgrokOptions = {}): FakeNgrok {
  const { scenario = 'v3', publicUrl = 'https://abc123.ngrok.io', version = '3.30.0', ignoresSigterm = false } = options
  const folder = mkdtempSync(join(tmpdir(), 'express-callbacks-ngrok-'))
  const bin = join(folder, 'ngrok')
  symlinkSync(join(__dirname, 'fake-ngrok.mjs'), bin)
  const env = {
    PATH: [folder, dirname(process.execPath), '/usr/bin', '/bin'].join(delimiter),
    HOME: folder,
    FAKE_NGROK_STATE: folder,
    FAKE_NGROK_SCENARIO: scenario,
    FAKE_NGROK_URL: publicUrl,
    FAKE_NGROK_VERSION: version,
    FAKE_NGROK_IGNORES_SIGTERM: ignoresSigterm ? '1' : '0',
  }

  function starts(): FakeNgrokStart[] {
    const files = readdirSync(folder).filter((file) => file.startsWith('start-'))
    return files.toSorted().flatMap((file) => parseStart(join(folder, file)))
  }

  function lastAgent(): FakeNgrokStart | undefined {
    return starts().findLast(({ argv }) => argv[0] === 'http')
  }

  function readEdge(): string | undefined {
    const file = join(folder, `edge-${lastAgent()?.pid}`)
    return existsSync(file) ? readFileSync(file, 'utf8') || undefined : undefined
  }

  function kill(signal: NodeJS.Signals): void {
    const agent = lastAgent()
    if (agent === undefined) throw new Error('the fake agent was not started')
    process.kill(agent.pid, signal)
  }

  return {
    bin,
    env,
    starts,
    started: () => poll(lastAgent),
    edge: () => poll(readEdge),
    async fetch(url, { method = 'GET', headers = {}, body = '' } = {}) {
      const { host, pathname, search } = new URL(url)
      const outgoing = request(new URL(pathname + search, await poll(readEdge)), {
        method,
        headers: { host, 'content-length': String(Buffer.byteLength(body)), ...headers },
        agent: false,
      })
      const response = new Promise<import('node:http').IncomingMessage>((resolve, reject) => {
        outgoing.once('response', resolve)
        outgoing.once('error', reject)
      })
      outgoing.end(body)
      const answer = await response
      return { status: answer.statusCode, headers: answer.headers, body: await text(answer) }
    },
    drop: () => kill('SIGUSR2'),
    restore: () => kill('SIGHUP'),
    dispose: () => rmSync(folder, { recursive: true, force: true }),
  }
}

/** A file that is still being written holds no start yet. */
function parseStart(file: string): FakeNgrokStart[] {
  try {
    return [JSON.parse(readFileSync(file, 'utf8'))]
  } catch {
    return []
  }
}

/** Looks until there is something. */
async function poll<T>(find: () => T | undefined): Promise<T> {
  for (;;) {
    const found = find()
    if (found !== undefined) return found
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}
