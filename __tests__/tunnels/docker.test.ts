import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, test } from '@jest/globals'
import { createContainerCommand, explainContainer, reachableHost, wantsDocker } from '../../adapters/tunnels/docker'
import { openProgramTunnel } from '../../adapters/tunnels/program-tunnel'
import type { TunnelRequest } from '../../lib/types'
import { STAY, usePrograms } from './use-programs'

const programs = usePrograms()

const RECORD =
  'for word in "$@"; do echo "$word"; done >> "$(dirname "$0")/argv"; echo "$TOKEN" >> "$(dirname "$0")/token"'
const CONTAINER = { image: 'example/tool:1', args: ['http', '8090'], variables: { TOKEN: 's3cret', NONE: undefined } }

/** Opens a tunnel by a fake docker. */
function open(script: string, options: TunnelRequest['options'] = {}) {
  const folder = dirname(programs.write(script, 'docker'))
  const read = (line: string) =>
    line === 'up' ? ([{ kind: 'url', publicUrl: 'https://a.example' }, { kind: 'ready' }] as const) : undefined
  const attempt = programs.open(
    async (request) =>
      openProgramTunnel(
        {
          name: 'tool',
          command: createContainerCommand(request, CONTAINER),
          read,
          explain: (_ended, lines) => explainContainer(lines),
        },
        request,
      ),
    { env: { PATH: `${folder}:${process.env['PATH']}` }, options: { runtime: 'docker', ...options } },
  )
  return { ...attempt, readWords: (name: string) => readFileSync(join(folder, name), 'utf8').trim().split('\n') }
}

describe('a program as a container', () => {
  test('runs with its variables by name, and is taken away afterwards', async () => {
    const { tunnel, readWords } = open(`${RECORD}; [ "$1" = rm ] && exit; echo up; ${STAY}`)
    await (await tunnel).close()
    const argv = readWords('argv')
    const name = argv[4] ?? ''
    expect(name).toMatch(/^express-callbacks-[\da-f-]{36}$/)
    const network = process.platform === 'linux' ? ['--network', 'host'] : []
    const run = [
      'run',
      '--rm',
      '--init',
      '--name',
      name,
      ...network,
      '--env',
      'TOKEN',
      'example/tool:1',
      'http',
      '8090',
    ]
    expect(argv).toEqual([...run, 'rm', '--force', name])
    expect(argv.join()).not.toContain('s3cret')
    expect(readWords('token')[0]).toBe('s3cret')
  })

  test('is the image that the gateway names', async () => {
    const { tunnel, readWords } = open(`${RECORD}; [ "$1" = rm ] && exit; echo up; ${STAY}`, { image: 'own/tool' })
    await tunnel
    expect(readWords('argv').slice(-3)).toEqual(['own/tool', 'http', '8090'])
  })

  test('cannot be had without docker', async () => {
    const { tunnel } = programs.open(async (request) => {
      createContainerCommand({ ...request, env: {} }, CONTAINER)
      throw new Error('there is docker')
    })
    await expect(tunnel).rejects.toMatchObject({
      code: 'ERR_GATEWAY_PROGRAM',
      message: expect.stringMatching(
        /docker command line is not in PATH\. Install and start Docker, or write "runtime: native"/,
      ),
    })
  })

  test.each([
    [
      'Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?',
      'ERR_GATEWAY_PROGRAM',
    ],
    [
      'permission denied while trying to connect to the docker API at unix:///var/run/docker.sock',
      'ERR_GATEWAY_PROGRAM',
    ],
    [
      'docker: Error response from daemon: pull access denied for own/tool, repository does not exist',
      'ERR_GATEWAY_OPTIONS',
    ],
    ['docker: Error response from daemon: manifest for a:1 not found: manifest unknown', 'ERR_GATEWAY_OPTIONS'],
    ['docker: invalid reference format', 'ERR_GATEWAY_OPTIONS'],
    ['something else', 'ERR_GATEWAY_EXITED'],
  ])('fails by "%s" with %s', async (line, code) => {
    const { tunnel } = open(`[ "$1" = rm ] && exit; echo "${line}" >&2; echo; echo "Run 'docker run --help'"; exit 125`)
    await expect(tunnel).rejects.toMatchObject({ code, message: expect.stringContaining(line) })
  })
})

test('a container on Linux shares the network of this machine; only what asks for docker gets one', async () => {
  const { request } = open(`[ "$1" = rm ] && exit; echo up; ${STAY}`)
  expect(wantsDocker(request)).toBe(true)
  expect(wantsDocker({ ...request, options: { runtime: 'native' } })).toBe(false)
  expect(reachableHost(request)).toBe(process.platform === 'linux' ? '127.0.0.1' : 'host.docker.internal')
  expect(reachableHost({ ...request, host: 'app' })).toBe('app')
})
