import { expect, test } from '@jest/globals'
import { listMissing } from '../../lib/cli/commands/missing-parts'
import { compileConfig } from '../../lib/config/normalize'
import type { CallbacksConfig } from '../../lib/config/schema'
import { useCli } from './use-cli'

const cli = useCli()
const env = { PATH: '/nowhere', CLOUDFLARED_BIN: '', NGROK_BIN: '' }

test.each([
  [
    'cloudflared',
    'gateway: { driver: cloudflare, port: 8090 }',
    /^warning: \S*callbacks\.yml:1:\d+ gateway: cloudflared was not found\. Get it from https:.*"brew install cloudflared" or "npm install cloudflared"/,
  ],
  [
    'what would fetch cloudflared',
    'gateway: { driver: cloudflare, install: true, port: 8090 }',
    /gateway: "install: true" needs the package cloudflared, .*: npm install cloudflared$/,
  ],
  [
    'the program that is named',
    'gateway: { driver: ngrok, bin: /nowhere/ngrok, port: 8090 }',
    /gateway: "bin" names "\/nowhere\/ngrok", which is no program that can be run/,
  ],
  [
    'docker',
    'gateway: { driver: ngrok, runtime: docker, port: 8090 }',
    /gateway: "runtime: docker" cannot be used: the docker command line is not in PATH\. Install/,
  ],
  [
    'the program of a command',
    'gateways: [{ driver: static, port: 1, public_url: "http://127.0.0.1" }, { command: [bore, local, "{port}"], port: 8090 }]',
    /gateways\[1\]: The program "bore" cannot be started\. It is not in PATH; install it, or write its path/,
  ],
])('validate warns that there is no %s', async (_name, config, message) => {
  const { code, stdout, stderr } = await cli.run(['validate'], { files: { 'callbacks.yml': config }, env })
  expect(stderr.trimEnd()).toMatch(message)
  expect(stderr).toMatch(/^warning: [^\n]*\n$/)
  expect({ code, stdout }).toEqual({ code: 0, stdout: expect.stringMatching(/^callbacks\.yml: OK /) })
})

const API = { id: 'api', type: 'http-client', base_url: 'http://127.0.0.1:9', path: '/x' } as const

test.each<[string, CallbacksConfig, string, Readonly<Record<string, string>>]>([
  [
    'pg',
    { store: { type: 'postgres', url: 'postgres://localhost' } },
    'A postgres store needs the package pg, which is not installed: npm install pg',
    {},
  ],
  [
    'ioredis',
    { store: { type: 'redis', url: 'redis://localhost' } },
    'A redis store needs the package ioredis, which is not installed: npm install ioredis',
    {},
  ],
  [
    'undici',
    { component: API },
    'The proxy of the environment needs the package undici@7, which is not installed: npm install undici@7',
    { HTTPS_PROXY: 'http://127.0.0.1:3128' },
  ],
])('a config needs the package %s', (name, config, message, own) => {
  const compiled = compileConfig(config, { env: own })
  const asked: string[] = []
  const found = listMissing(compiled, (one) => {
    asked.push(one)
    return false
  })
  expect(found).toMatchObject([{ code: 'ERR_CONFIG_UNSUPPORTED', message }])
  expect(asked).toEqual([name])
  expect(listMissing(compiled, () => true)).toEqual([])
  expect(listMissing(compiled)).toEqual([])
})

test.each<[string, CallbacksConfig]>([
  ['nothing', {}],
  ['a store of files', { store: { type: 'file', path: '/tmp/x' } }],
  ['a fixed URL', { gateway: { driver: 'static', port: 8090, public_url: 'https://a.example' } }],
  ['a driver of the app', { gateway: { driver: 'mine', port: 8090 } }],
  ['a program that is there', { gateway: { command: [process.execPath, 'x'], port: 8090 } }],
])('%s needs nothing else', (_name, config) => {
  expect(listMissing(compileConfig(config, { env: {} }), () => false)).toEqual([])
})
