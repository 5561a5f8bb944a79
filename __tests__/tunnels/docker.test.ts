import { readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { afterEach, describe, expect, test } from '@jest/globals'
import { createContainerCommand, reachableHost, wantsDocker } from '../../adapters/tunnels/program/docker'
import { openProgramTunnel } from '../../adapters/tunnels/program/program-tunnel'
import type { TunnelRequest } from '../../lib/base/contracts'
import { STAY, usePrograms } from './use-programs'

const { platform } = process
const programs = usePrograms()
afterEach(() => void Object.defineProperty(process, 'platform', { value: platform }))

const RECORD =
  'for word in "$@"; do echo "$word"; done >> "$(dirname "$0")/argv"; echo "$TOKEN" >> "$(dirname "$0")/token"'
const CONTAINER = { image: 'example/tool:1', args: ['http', '8090'], variables: { TOKEN: 's3cret', NONE: undefined } }

/** Opens a tunnel by a fake docker. */
function open(script: string, options: TunnelRequest['options'] = {}) {
  const folder = dirname(programs.write(script, process.platform === 'win32' ? 'docker.exe' : 'docker'))
  const read = (line: string) =>
    line === 'up' ? ([{ kind: 'url', publicUrl: 'https://a.example' }, { kind: 'ready' }] as const) : undefined
  const infos: string[] = []
  const attempt = programs.open(
    async (request) =>
      openProgramTunnel(
        {
          name: 'tool',
          command: createContainerCommand(request, CONTAINER),
          read,
        },
        { ...request, logger: { ...request.logger, info: (_details, message) => void infos.push(message) } },
      ),
    { env: { PATH: `${folder}:${process.env['PATH']}` }, options: { runtime: 'docker', ...options } },
  )
  return {
    ...attempt,
    folder,
    infos,
    readWords: (name: string) => readFileSync(join(folder, name), 'utf8').trim().split('\n'),
  }
}

describe('a program as a container', () => {
  test('runs with its variables by name, and is taken away afterwards', async () => {
    const { tunnel, readWords } = open(`[ "$1" = image ] && exit; ${RECORD}; [ "$1" = rm ] && exit; echo up; ${STAY}`)
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
    const { tunnel, readWords } = open(`[ "$1" = image ] && exit; ${RECORD}; [ "$1" = rm ] && exit; echo up; ${STAY}`, {
      image: 'own/tool',
    })
    await tunnel
    expect(readWords('argv').slice(-3)).toEqual(['own/tool', 'http', '8090'])
  })

  test('is taken away on Windows too, where ending the docker command leaves it', async () => {
    Object.defineProperty(process, 'platform', { value: 'win32' })
    const { tunnel, readWords } = open(`[ "$1" = image ] && exit; ${RECORD}; [ "$1" = rm ] && exit; echo up; ${STAY}`)
    const { close } = await tunnel
    const name = readWords('argv')[4] ?? ''
    await close()
    expect(readWords('argv').slice(-3)).toEqual(['rm', '--force', name])
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
    const { tunnel } = open(
      `[ "$1" = run ] || exit 0; echo "${line}" >&2; echo; echo "Run 'docker run --help'"; exit 125`,
    )
    await expect(tunnel).rejects.toMatchObject({ code, message: expect.stringContaining(line) })
  })
})

test.each([
  'Register tunnel error from server side error=\\"Unauthorized: Tunnel not found\\"',
  'unauthorized: the token was renewed',
  'cannot watch /var/run/docker.sock',
])('what the program in a container says is none of the reasons of docker: %s', async (line) => {
  const { tunnel } = open(`[ "$1" = run ] || exit 0; echo "${line}"; exit 1`)
  await expect(tunnel).rejects.toMatchObject({
    code: 'ERR_GATEWAY_EXITED',
    message: expect.stringMatching(/^tool ended with exit code 1; its last lines:/),
  })
})

describe('an image that is missing', () => {
  const RUN = `[ "$1" = rm ] && exit; echo up; ${STAY}`

  test('is fetched before the container starts, and that takes its time', async () => {
    const pull = 'pull) echo pulling; until [ -e "$(dirname "$0")/go" ]; do sleep 0.02; done; exit;;'
    const { tunnel, wrote, clock, folder, infos, readWords } = open(
      `${RECORD}; case "$1" in image) exit 1;; ${pull} esac; ${RUN}`,
    )
    await wrote('[docker] pulling')
    clock.advance(599_000)
    writeFileSync(join(folder, 'go'), '')
    expect(await tunnel).toMatchObject({ publicUrl: 'https://a.example' })
    expect(readWords('argv').slice(0, 7).join(' ')).toBe(
      'image inspect --format {{.Id}} example/tool:1 pull example/tool:1',
    )
    expect(infos).toEqual(['[docker] fetches the image example/tool:1, which this machine does not have yet'])
  })

  test('is not fetched when it is there', async () => {
    const { tunnel, infos, readWords } = open(`${RECORD}; [ "$1" = image ] && exit; ${RUN}`)
    await tunnel
    expect(readWords('argv')).not.toContain('pull')
    expect(infos).toEqual([])
  })

  test.each([
    ['Error response from daemon: Get "https://r.example/v2/": dial tcp: no such host', 'ERR_GATEWAY_NETWORK'],
    ['toomanyrequests: You have reached your pull rate limit', 'ERR_GATEWAY_RATE_LIMITED'],
    ['Error response from daemon: pull access denied for example/tool', 'ERR_GATEWAY_OPTIONS'],
    ['no matching manifest for linux/arm64/v8 in the manifest list entries', 'ERR_GATEWAY_OPTIONS'],
    ['Cannot connect to the Docker daemon at unix:///var/run/docker.sock', 'ERR_GATEWAY_PROGRAM'],
  ])('and cannot be fetched (%s) is %s', async (line, code) => {
    const { tunnel, readWords } = open(`${RECORD}; [ "$1" = image ] && exit 1; echo '${line}' >&2; exit 1`)
    await expect(tunnel).rejects.toMatchObject({ code, message: expect.stringContaining(line) })
    expect(readWords('argv')).not.toContain('run')
  })

  test('is not looked for twice without a running docker', async () => {
    const line = 'Cannot connect to the Docker daemon at unix:///var/run/docker.sock'
    const { tunnel, readWords } = open(`${RECORD}; echo '${line}' >&2; exit 1`)
    await expect(tunnel).rejects.toMatchObject({ code: 'ERR_GATEWAY_PROGRAM' })
    expect(readWords('argv')).not.toContain('pull')
  })

  test('and takes longer than ten minutes is given up', async () => {
    const { tunnel, wrote, clock } = open(`[ "$1" = image ] && exit 1; echo pulling; ${STAY}`)
    await wrote('pulling')
    clock.advance(600_000)
    await expect(tunnel).rejects.toMatchObject({
      code: 'ERR_GATEWAY_NETWORK',
      message: expect.stringContaining('"docker pull" was not done within 600 s'),
    })
  })

  test.each([
    ['looks', 'echo busy'],
    ['fetches', '[ "$1" = image ] && exit 1; echo busy'],
  ])('is left alone when it is not wanted any more while docker %s', async (_, script) => {
    const { tunnel, wrote, abort } = open(`${script}; ${STAY}`)
    await wrote('busy')
    const reason = new Error('enough')
    abort(reason)
    await expect(tunnel).rejects.toBe(reason)
  })
})

test('an image that does not hold the program is tried no more', async () => {
  const line = 'docker: Error response from daemon: exec: tool: executable file not found in PATH'
  const { tunnel } = open(
    `[ "$1" = run ] || exit 0; exec >&2; echo '${line}'; echo; echo "Run 'docker run --help'"; exit 127`,
  )
  await expect(tunnel).rejects.toMatchObject({
    code: 'ERR_GATEWAY_PROGRAM',
    message: expect.stringContaining(`tool cannot be run here: ${line} | Run`),
  })
})

test('a container on Linux shares the network of this machine; only what asks for docker gets one', async () => {
  const { request } = open(`[ "$1" = run ] || exit 0; echo up; ${STAY}`)
  expect(wantsDocker(request)).toBe(true)
  expect(wantsDocker({ ...request, options: { runtime: 'native' } })).toBe(false)
  expect(reachableHost(request)).toBe(process.platform === 'linux' ? '127.0.0.1' : 'host.docker.internal')
  expect(reachableHost({ ...request, host: 'app' })).toBe('app')
})
