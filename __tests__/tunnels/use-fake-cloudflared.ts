import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

/** What one start of the fake does. */
export interface FakeScenario {
  /**
   * The capture that it writes, such as `cf_api_429html`; default `cf_quick_ok_http2`, a tunnel that opens. It stands
   * still where the capture was stopped by a signal, and exits with the code of the capture where it ended by itself.
   */
  readonly capture?: string
  /** Writes so many bytes at a time; default: whole lines. */
  readonly pieces?: number
  /** Stands still before the first line with this text, until `tell({ go: true })`. */
  readonly holdAt?: string
  /** Whether it ends by SIGTERM and SIGINT; default: obey. */
  readonly sigterm?: 'obey' | 'ignore'
  /** The name of a quick tunnel; default `alpha-bravo-charlie-nN.trycloudflare.com`, where N counts the starts. */
  readonly publicHost?: string
  /** What its metrics answer to `/quicktunnel`, instead of 200 and the name. */
  readonly quicktunnel?: { readonly status?: number; readonly hostname?: string }
  /** Flags that it does not know, without dashes, as an old version. */
  readonly refuses?: readonly string[]
}

/** What a fake that runs is told; what is left out stays as it is. */
export interface FakeChange {
  /** Its status of `/ready`, or `hang`; the edge passes requests on with 200 alone. `null`: by its connection again. */
  readonly ready?: number | 'hang' | null
  readonly quicktunnel?: FakeScenario['quicktunnel'] | null
  /**
   * Lines to write; those that begin with INF, WRN or ERR get a time. `Registered tunnel connection`,
   * `Lost connection` and `Connection terminated` change `/ready` and the edge too.
   */
  readonly say?: readonly string[]
  /** Goes on after `holdAt`. */
  readonly go?: boolean
  /** Exits with this code. */
  readonly exit?: number
}

/** One start of the fake. */
export interface FakeStart {
  /** Counted from 1. */
  readonly number: number
  readonly pid: number
  readonly argv: readonly string[]
  readonly env: Readonly<Record<string, string | undefined>>
  /** The name of a quick tunnel; empty for a named one. */
  readonly publicHost: string
  /** Ports of 127.0.0.1. */
  readonly metrics: number
  readonly edge: number
  readonly control: number
}

export interface FakeCloudflared {
  /** The executable. */
  readonly bin: string
  /** What the driver needs in its environment: PATH, CLOUDFLARED_BIN and FAKE_CLOUDFLARED. */
  readonly env: Readonly<Record<string, string>>
  /** The starts whose servers listen, in their order. A start that refused its flags is not among them. */
  starts(): readonly FakeStart[]
  /** Waits for the start of a number; default: the first. Rejects after 10 s. */
  started(number?: number): Promise<FakeStart>
  /**
   * Changes what a fake that runs does, once its capture stands still; default: the last that started. Resolves when it
   * is done; what it wrote may be read a little later.
   */
  tell(change: FakeChange, number?: number): Promise<void>
  /**
   * Gives the address at which the edge takes what is sent to a public URL, with its path: of the last start of that
   * name, or of a named tunnel. The app sees the public name in Host (of a named tunnel the Host that was sent),
   * X-Forwarded-Proto and -For. The edge answers 530 while not connected, and 502 when nothing listens behind it.
   * Throws when there is no such start.
   */
  reach(publicUrl: string): string
  /** Whether a process is there and is no zombie. */
  lives(pid: number): boolean
  /** Kills the fakes that still run and takes their folder away. Gives the pids of those that it had to kill. */
  dispose(): Promise<readonly number[]>
}

/** How long a start, or an end, is waited for. */
const LIMIT_MS = 10_000

/** Gives a fake cloudflared with what its 1st, 2nd, … start does; the last holds for all that follow. */
export function useFakeCloudflared(...scenarios: readonly FakeScenario[]): FakeCloudflared {
  const state = mkdtempSync(join(tmpdir(), 'fake-cloudflared-'))
  const bin = join(__dirname, 'fake-cloudflared.mjs')
  const env = {
    PATH: `${dirname(process.execPath)}:${process.env['PATH']}`,
    CLOUDFLARED_BIN: bin,
    FAKE_CLOUDFLARED: JSON.stringify({ state, scenarios: scenarios.length === 0 ? [{}] : scenarios }),
  }

  function starts(): readonly FakeStart[] {
    const files = readdirSync(state).map((folder) => join(state, folder, 'start.json'))
    const found: FakeStart[] = files
      .filter((file) => existsSync(file))
      .map((file) => JSON.parse(readFileSync(file, 'utf8')))
    return found.toSorted((one, other) => one.number - other.number)
  }

  async function started(number = 1): Promise<FakeStart> {
    return until(() => starts().find((start) => start.number === number))
  }

  return {
    bin,
    env,
    starts,
    started,
    async tell(change, number) {
      const start = number === undefined ? starts().at(-1) : await started(number)
      const body = JSON.stringify(change)
      await fetch(`http://127.0.0.1:${start?.control}`, { method: 'POST', body, headers: { connection: 'close' } })
    },
    reach(publicUrl) {
      const { hostname, pathname, search } = new URL(publicUrl)
      const start = starts().findLast(({ publicHost }) => publicHost === hostname || publicHost === '')
      if (start === undefined) throw new Error(`no fake cloudflared has the name ${hostname}`)
      return `http://127.0.0.1:${start.edge}${pathname}${search}`
    },
    lives,
    async dispose() {
      const left = starts()
        .map(({ pid }) => pid)
        .filter(lives)
      for (const pid of left) process.kill(pid, 'SIGKILL')
      await until(() => (left.some(lives) ? undefined : true))
      rmSync(state, { recursive: true, force: true, maxRetries: 3 })
      return left
    },
  }
}

function lives(pid: number): boolean {
  try {
    return !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))
  } catch {
    return false
  }
}

async function until<T>(find: () => T | undefined): Promise<T> {
  for (const start = Date.now(); ; await new Promise((resolve) => setTimeout(resolve, 5))) {
    const found = find()
    if (found !== undefined) return found
    if (Date.now() - start > LIMIT_MS) throw new Error(`it never came true: ${String(find)}`)
  }
}
