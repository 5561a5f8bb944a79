import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, afterEach, describe, expect, test } from '@jest/globals'
import {
  createCloudflaredCommand,
  createCloudflaredContainer,
  createEmptyFile,
} from '../../adapters/tunnels/cloudflared/command'
import { readCloudflaredTunnel } from '../../adapters/tunnels/cloudflared/options'
import { requestOf } from './cloudflared-request'

const home = mkdtempSync(join(tmpdir(), 'express-callbacks-'))
writeFileSync(join(home, 'mine.json'), '{}')
writeFileSync(join(home, 'docker'), '#!/bin/sh\n', { mode: 0o755 })
afterAll(() => rmSync(home, { recursive: true }))

const platform = process.platform
afterEach(() => void Object.defineProperty(process, 'platform', { value: platform }))

const SHARED = 'tunnel --config /empty --no-autoupdate --metrics 127.0.0.1:0 --grace-period 5s --protocol auto'.split(
  ' ',
)
const INSIDE = SHARED.with(2, '/dev/null')
const named = { token: 's3cret', hostname: 'hooks.example.com' }
const byFile = { tunnel: 'mine', credentialsFile: '~/mine.json', hostname: 'hooks.example.com' }

function commandOf(options: object, over: Parameters<typeof requestOf>[1] = {}) {
  const request = requestOf(options, { env: { HOME: home }, ...over })
  return createCloudflaredCommand('/bin/cloudflared', readCloudflaredTunnel(request), request, '/empty')
}

function containerOf(options: object, host = '127.0.0.1') {
  const env = { HOME: home, PATH: home, TUNNEL_URL: 'x' }
  const request = requestOf({ runtime: 'docker', ...options }, { env, host })
  return createCloudflaredContainer(readCloudflaredTunnel(request), request)
}

describe('the command line', () => {
  test.each([
    ['of a quick tunnel', {}, ['--url', 'http://127.0.0.1:8090']],
    ['by a token', named, ['run', '--url', 'http://127.0.0.1:8090']],
    [
      'by credentials',
      byFile,
      ['run', '--credentials-file', join(home, 'mine.json'), '--url', 'http://127.0.0.1:8090', 'mine'],
    ],
  ])('%s', (_, options, rest) => {
    expect(commandOf(options)).toMatchObject({ file: '/bin/cloudflared', args: [...SHARED, ...rest] })
  })

  test('leads to the host of the port', () => {
    expect(commandOf({}, { host: '::1', port: 70 }).args.slice(-2)).toEqual(['--url', 'http://[::1]:70'])
  })

  test('has no token; the environment has it, and no line may tell it', () => {
    const { args, env, secrets } = commandOf(named)
    expect(JSON.stringify(args)).not.toContain('s3cret')
    expect(env['TUNNEL_TOKEN']).toBe('s3cret')
    expect(secrets).toEqual(['s3cret'])
  })

  test('is not changed by variables of the environment', () => {
    const env = {
      HOME: home,
      TUNNEL_NAME: 'x',
      TUNNEL_TOKEN: 'x',
      tunnel_url: 'x',
      NO_AUTOUPDATE: 'x',
      MY_TUNNEL_X: 'kept',
    }
    expect(commandOf({}, { env }).env).toEqual({ HOME: home, MY_TUNNEL_X: 'kept' })
    expect(commandOf(named, { env }).env).toEqual({ HOME: home, MY_TUNNEL_X: 'kept', TUNNEL_TOKEN: 's3cret' })
  })
})

describe('a named tunnel', () => {
  test.each([
    ['hooks.example.com', 'https://hooks.example.com'],
    ['https://hooks.example.com', 'https://hooks.example.com'],
    ['https://hooks.example.com/', 'https://hooks.example.com'],
  ])('with the hostname %s has the URL %s', (hostname, publicUrl) => {
    expect(readCloudflaredTunnel(requestOf({ token: 't', hostname }))).toEqual({ kind: 'token', token: 't', publicUrl })
  })

  test('may have a public_url instead', () => {
    const options = { token: 't', publicUrl: 'https://example.com/hooks', hostname: 'hooks.example.com' }
    expect(readCloudflaredTunnel(requestOf(options)).publicUrl).toBe('https://example.com/hooks')
  })
})

describe('what cannot be opened is refused', () => {
  test.each([
    [
      { token: 's3cret', hostname: 'http://hooks.example.com' },
      /"hostname" is "http:\/\/hooks\.example\.com"; expected a name/,
    ],
    [{ token: 's3cret', hostname: 'hooks.example.com/path' }, /"hostname" is/],
    [{ ...byFile, credentialsFile: '~/none.json' }, /"credentials_file" is no file: .*none\.json/],
  ])('%j', (options, message) => {
    const read = (): unknown => readCloudflaredTunnel(requestOf(options, { env: { HOME: home } }))
    expect(read).toThrow(
      expect.objectContaining({ code: 'ERR_GATEWAY_OPTIONS', message: expect.stringMatching(message) }),
    )
    expect(read).not.toThrow('s3cret')
  })
})

describe('an empty config', () => {
  test('is the null device', () => {
    const { path, remove } = createEmptyFile('linux')
    remove()
    expect([path, existsSync(path)]).toEqual(['/dev/null', true])
  })

  test('on Windows is a file that can be taken away, twice', () => {
    const { path, remove } = createEmptyFile('win32')
    expect(readFileSync(path, 'utf8')).toBe('')
    remove()
    remove()
    expect([existsSync(path), existsSync(dirname(path))]).toEqual([false, false])
  })

  test('on Windows may be in use when it is taken away', () => {
    const { path, remove } = createEmptyFile('win32', () => {
      throw Object.assign(new Error('EBUSY: resource busy or locked'), { code: 'EBUSY' })
    })
    expect(remove).not.toThrow()
    rmSync(dirname(path), { recursive: true })
  })
})

describe('a container', () => {
  const IMAGE = 'cloudflare/cloudflared:latest'

  test('runs a quick tunnel in the network of this machine', () => {
    Object.defineProperty(process, 'platform', { value: 'linux' })
    const { file, args, env, secrets } = containerOf({})
    expect(file).toBe(join(home, 'docker'))
    expect(args.slice(5)).toEqual(['--network', 'host', IMAGE, ...INSIDE, '--url', 'http://127.0.0.1:8090'])
    expect(env).toEqual({ HOME: home, PATH: home })
    expect(secrets).toEqual([])
  })

  test('reaches this machine by name where it has a network of its own', () => {
    Object.defineProperty(process, 'platform', { value: 'darwin' })
    expect(containerOf({}).args.slice(5)).toEqual([IMAGE, ...INSIDE, '--url', 'http://host.docker.internal:8090'])
    expect(containerOf({}, '10.0.0.7').args.at(-1)).toBe('http://10.0.0.7:8090')
  })

  test('gets its token by the environment', () => {
    const { args, env, secrets } = containerOf({ ...named, image: 'mine:1' })
    expect(JSON.stringify(args)).not.toContain('s3cret')
    expect(args.join(' ')).toContain('--env TUNNEL_TOKEN mine:1 tunnel ')
    expect([env['TUNNEL_TOKEN'], secrets]).toEqual(['s3cret', ['s3cret']])
  })

  test('gets the credentials file, as the user who may read it', () => {
    Object.defineProperty(process, 'platform', { value: 'linux' })
    const inside = '/etc/cloudflared/credentials.json'
    const { args } = containerOf(byFile)
    const user = `${process.getuid?.()}:${process.getgid?.()}`
    expect(args.slice(7, 11)).toEqual(['--volume', `${join(home, 'mine.json')}:${inside}:ro`, '--user', user])
    expect(args.slice(-6)).toEqual(['run', '--credentials-file', inside, '--url', 'http://127.0.0.1:8090', 'mine'])
  })

  test('needs docker', () => {
    const request = requestOf({ runtime: 'docker' }, { env: { PATH: join(home, 'none') } })
    expect(() => createCloudflaredContainer({ kind: 'quick' }, request)).toThrow(
      expect.objectContaining({
        code: 'ERR_GATEWAY_PROGRAM',
        message: expect.stringMatching(/docker command line is not in PATH/),
      }),
    )
  })
})
