import type { CliOptions, RunningCli, useCli } from './use-cli'

/** A trigger starts a workflow that waits for a callback by the id in its input. */
export const WAITING = `
listeners:
  - { host: 127.0.0.1, port: 0, path: /done, identify_by: "\${body.id}", status: "\${body.status}", success_when: ok, fail_when: bad, workflow: false }
  - { host: 127.0.0.1, port: 0, type: http-trigger, triggers: [{ path: /start }] }
workflow:
  id: paint
  jobs: [{ id: draw, wait_for: { path: /done, id: "\${input.id}" } }]
`

/** A command "up" that is ready. */
export interface Up extends RunningCli {
  post(path: string, body: unknown): Promise<number>
}

/** Gives what starts "up" with a config; afterwards it has ended. */
export function useUp(cli: ReturnType<typeof useCli>) {
  return async function up(config: string, argv: readonly string[] = [], options: CliOptions = {}): Promise<Up> {
    const running = cli.start(['up', ...argv], { ...options, files: { 'callbacks.yml': config } })
    const failed = running.code.then((code) =>
      Promise.reject(new Error(`it ended with ${code}: ${running.stderr.text}`)),
    )
    await Promise.race([running.stdout.shows(/Ready\. Ctrl-C stops\./), failed])
    failed.catch(() => undefined)
    return {
      ...running,
      async post(path, body) {
        const [, origin] = await running.stdout.shows(new RegExp(`(http://[^/]+)${path}\\b`))
        const text = typeof body === 'string' ? body : JSON.stringify(body)
        const headers = { 'content-type': 'application/json', connection: 'close' }
        const response = await fetch(`${origin}${path}`, { method: 'POST', headers, body: text })
        await response.text()
        return response.status
      },
    }
  }
}

/** The messages, without time and level, and without the ids of tasks. */
export function messagesOf({ stdout }: RunningCli): readonly string[] {
  return stdout.lines.map((line) => line.replace(/^\S+ \w+ +/, '').replaceAll(/task=\S+/g, 'task=…'))
}
