import { readArguments } from '../../lib/cli/syntax/args'
import { listen } from '../../lib/cli/listen/listen'
import type { main } from '../../lib/cli/main'
import { reportError } from '../../lib/cli/report-error'
import type { TunnelDriver } from '../../lib/base/contracts'
import { createFakeDriver, type FakeDriver } from '../gateway/fake-tunnels'
import type { useCli } from './use-cli'

export interface Sent {
  readonly headers?: Readonly<Record<string, string>> | undefined
  readonly body?: string | Buffer | undefined
}

/** The command with its own drivers, and errors reported as by the command line. */
function commandWith(tunnels: Readonly<Record<string, TunnelDriver>>): typeof main {
  return async (argv, io) => {
    const invocation = readArguments(argv)
    if (invocation.kind !== 'command') throw new Error('no command')
    const { argument, options } = invocation
    return listen(argument, options, io, tunnels).catch((error: unknown) => reportError(error, io, options))
  }
}

/** Waits until the tunnel is tried for this time. */
export async function starting(fake: FakeDriver, count = 1): Promise<void> {
  while (fake.attempts.length < count) await new Promise(setImmediate)
}

/** Gives what starts "listen" with a driver that the test steers. */
export function useListen(cli: ReturnType<typeof useCli>) {
  function start(argv: readonly string[] = [], fake: FakeDriver = createFakeDriver()) {
    const command = commandWith({ cloudflare: fake.driver, ngrok: fake.driver })
    // Most tests look at what is written, and not at the page.
    const inspect = argv.includes('--inspect') ? [] : ['--inspect', 'off']
    return { ...cli.start(['listen', ...argv, ...inspect], { command }), fake }
  }

  /** A command whose tunnel is open. */
  async function open(argv: readonly string[] = []) {
    const running = start(argv)
    await starting(running.fake)
    running.fake.last.open('https://a.example')
    await running.stdout.shows(/Give the service/)
    const origin = `http://127.0.0.1:${running.fake.last.request.port}`
    const { length } = running.stdout.lines
    return {
      ...running,
      origin,
      /** What was written since, without the time. */
      since: () => running.stdout.lines.slice(length).map((line) => line.replace(/^\d\d:\d\d:\d\d /, '')),
      send: (path: string, { headers, body }: Sent = {}) =>
        fetch(`${origin}${path}`, { method: 'POST', headers: { connection: 'close', ...headers }, body: body ?? null }),
    }
  }

  return { start, open }
}
