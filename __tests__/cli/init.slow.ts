import { execFile } from 'node:child_process'
import { readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { INIT_PROVIDERS } from '../../lib/cli/init/providers/providers'
import { INIT_TUNNELS } from '../../lib/cli/init/tunnels'
import { installPacked, type Packed } from '../package/packed'
import { useCli, useFolders } from './use-cli'

const cli = useCli()
const createFolder = useFolders()

const PROVIDERS = Object.keys(INIT_PROVIDERS)
const FILES = ['.env.example', '.gitignore', 'app.mjs', 'app.test.mjs', 'callbacks.yml', 'package.json']
const NEXT = ['', 'Next:', '  1. npm install, and node --test', '  2. cp .env.example .env, and fill it in']
const LAST = '  3. node app.mjs, or npx express-callbacks up'

/** A value for each variable, as a user would fill it in. */
const EXAMPLES = new Map(
  [...Object.values(INIT_PROVIDERS), ...Object.values(INIT_TUNNELS)]
    .flatMap(({ variables }) => variables)
    .map(({ name, example }) => [name, example]),
)

let packed: Packed

beforeAll(() => {
  packed = installPacked()
})

afterAll(() => packed.remove())

function read(folder: string, name: string): string {
  return readFileSync(join(folder, name), 'utf8')
}

/** Writes a project, fills in its `.env`, checks its config and runs its test as a user would, without what Jest sets. */
async function tryOut(provider: string, tunnel: string): Promise<string> {
  const folder = join(packed.project, `${provider}-${tunnel}`)
  const written = await cli.run(['init', '--provider', provider, '--tunnel', tunnel, '--dir', folder])
  expect(written).toMatchObject({ code: 0, stderr: '' })
  expect(readdirSync(folder).sort()).toEqual(FILES)

  const tested = await nodeTest(folder)
  expect(tested).toContain('# pass 2\n')
  expect(tested).toContain('# fail 0\n')

  const filled = read(folder, '.env.example').replace(/^(\w+)=$/gm, (_line, name) => `${name}=${EXAMPLES.get(name)}`)
  expect(filled).not.toContain('undefined')
  // `validate` warns where the program of a tunnel is not there; any program will do.
  writeFileSync(join(folder, '.env'), `${filled}\nCLOUDFLARED_BIN=${process.execPath}\n`)
  const validated = await cli.run(['validate'], { cwd: folder })
  expect(validated).toEqual({ code: 0, stderr: '', stdout: expect.stringMatching(/^callbacks\.yml: OK \(1 endpoint/) })
  return folder
}

async function nodeTest(folder: string): Promise<string> {
  const { NODE_ENV: _ofJest, ...env } = process.env
  const { stdout } = await promisify(execFile)(process.execPath, ['--test', '--test-reporter=tap'], {
    cwd: folder,
    env,
  })
  return stdout
}

describe('the project is valid without a warning, and its test passes without the network', () => {
  test.each(PROVIDERS)('%s', async (provider) => {
    const folder = await tryOut(provider, 'none')
    expect(read(folder, 'app.mjs').split('\n').length).toBeLessThanOrEqual(40)
    expect(read(folder, 'callbacks.yml')).toMatch(/^# gateway:/m)
  })

  test.each(['cloudflare', 'ngrok', 'ssh'])('with a tunnel by %s', async (tunnel) => {
    // Twilio signs the public URL.
    const folder = await tryOut('twilio', tunnel)
    expect(read(folder, 'callbacks.yml')).toMatch(/^gateway:/m)
    const { dependencies } = JSON.parse(read(folder, 'package.json'))
    const peers = { cloudflare: [], ngrok: ['@ngrok/ngrok'], ssh: ['ssh2'] }[tunnel] ?? []
    expect(Object.keys(dependencies)).toEqual([...peers, 'express', 'express-callbacks'].sort())
  })

  test('no line is longer than 120 characters', async () => {
    for (const provider of PROVIDERS) {
      const folder = createFolder()
      await cli.run(['init', '--provider', provider, '--tunnel', 'ssh'], { cwd: folder })
      const long = FILES.flatMap((name) => read(folder, name).split('\n')).filter((line) => line.length > 120)
      expect(long).toEqual([])
    }
  })
})

test('says which files it wrote and what to do next, and nothing else', async () => {
  const { code, stdout, stderr } = await cli.run(['init', '--yes'])
  const names = ['callbacks.yml', '.env.example', 'app.mjs', 'app.test.mjs', 'package.json', '.gitignore']
  expect(stdout).toBe([...names.map((name) => `wrote ${name}`), ...NEXT, LAST, ''].join('\n'))
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
})

test.each([
  ['deep/er', 'cd deep/er && npm install'],
  ['my app', "cd 'my app' && npm install"],
  ["ada's; echo", "cd 'ada'\\''s; echo' && npm install"],
])('says how to get into the folder %s', async (dir, command) => {
  const { stdout } = await cli.run(['init', '--yes', '--dir', dir])
  expect(stdout).toContain(`  1. ${command}, and node --test\n`)
  expect(stdout).toContain(`wrote ${dir}/callbacks.yml\n`)
})

test('the manifest names this package and Express as they are now', async () => {
  const folder = createFolder()
  await cli.run(['init', '-y', '--dir', 'deep/er'], { cwd: folder })
  const { version } = JSON.parse(read(join(__dirname, '..', '..'), 'package.json'))
  expect(JSON.parse(read(join(folder, 'deep', 'er'), 'package.json'))).toEqual({
    private: true,
    type: 'module',
    scripts: { start: 'node app.mjs', test: 'node --test', validate: 'express-callbacks validate' },
    dependencies: { express: '^5.0.0', 'express-callbacks': `^${version}` },
  })
})

describe('what exists is left as it is', () => {
  test('some files: they are named, the others are written, and the packages are named', async () => {
    const folder = createFolder({ 'app.mjs': 'mine', 'package.json': '{}' })
    symlinkSync(join(folder, 'nowhere'), join(folder, '.gitignore'))
    const { code, stdout } = await cli.run(['init', '--provider', 'fal', '--tunnel', 'ssh'], { cwd: folder })
    expect(code).toBe(0)
    for (const name of ['app.mjs', 'package.json', '.gitignore'])
      expect(stdout).toContain(`left  ${name} (it exists)\n`)
    for (const name of ['callbacks.yml', '.env.example', 'app.test.mjs']) expect(stdout).toContain(`wrote ${name}\n`)
    expect(stdout).toContain('  1. npm install express express-callbacks ssh2, and node --test\n')
    expect(read(folder, 'app.mjs') + read(folder, 'package.json')).toBe('mine{}')
    expect(readdirSync(folder)).not.toContain('nowhere')
  })

  test.each(PROVIDERS.slice(0, 3))('all files: exit code 1 (%s)', async (provider) => {
    const folder = createFolder(Object.fromEntries(FILES.map((name) => [name, 'mine'])))
    const { code, stdout } = await cli.run(['init', '--provider', provider, '--tunnel', 'none'], { cwd: folder })
    expect(code).toBe(1)
    expect(stdout.match(/^left {2}\S+ \(it exists\)$/gm)).toHaveLength(FILES.length)
    expect(stdout).not.toMatch(/wrote|Next/)
    expect(FILES.map((name) => read(folder, name))).toEqual(FILES.map(() => 'mine'))
  })

  test('a folder that cannot be written is said in one line', async () => {
    const folder = createFolder({ taken: 'a file' })
    for (const dir of ['taken', 'taken/below']) {
      const { code, stdout, stderr } = await cli.run(['init', '--yes', '--dir', dir], { cwd: folder })
      expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
      expect(stderr).toMatch(/^error: \S*taken\S* cannot be written: [^\n]*; name another folder with --dir\n$/)
    }
  })
})

describe('at a terminal it asks for what no option says', () => {
  test.each([
    ['a number and a name', [], '2\ncloudflare\n', 'scheme: replicate', 'driver: cloudflare'],
    ['Enter', [], '\n\n', 'scheme: hmac', '# gateway:'],
    ['spaces and capitals', [], ' Stripe \n 3\n', 'scheme: stripe', 'driver: ngrok'],
    ['what is no answer first', [], '0\n13\nstripes\n8\n5\nnone\n', 'scheme: slack', '# gateway:'],
    ['only the tunnel', ['--provider', 'github'], '4\n', 'scheme: github', 'type: ssh-tunnel'],
    ['only the provider', ['--tunnel', 'ngrok'], '4\n', 'scheme: openai', 'driver: ngrok'],
  ])('%s', async (_name, argv, stdin, scheme, gateway) => {
    const folder = createFolder()
    const { code, stdout, stderr } = await cli.run(['init', ...argv], { cwd: folder, stdin, isTTY: true })
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(stdout).toMatch(/ {2}1\) (?:generic|none) /)
    expect(read(folder, 'callbacks.yml')).toContain(scheme)
    expect(read(folder, 'callbacks.yml')).toContain(gateway)
  })

  test.each([
    ['at the first question', '', /Whose callbacks\?/],
    ['at the second', '2\n', /What gives it a public URL\?/],
  ])('Ctrl-C %s writes nothing', async (_name, typed, question) => {
    const folder = createFolder()
    const stdin = new PassThrough()
    const { code, stdout, stderr, interrupt } = cli.start(['init'], { cwd: folder, stdin, isTTY: true })
    stdin.write(typed)
    await stdout.shows(question)
    interrupt()
    expect(await code).toBe(130)
    expect(stdout.text).toMatch(/: \n$/)
    expect(stderr.text).toBe('')
    expect(readdirSync(folder)).toEqual([])
  })

  test.each([[''], ['2\n']])('an input that ends after %j writes nothing', async (stdin) => {
    const folder = createFolder()
    const { code, stderr } = await cli.run(['init'], { cwd: folder, stdin, isTTY: true })
    expect({ code, stderr }).toEqual({
      code: 2,
      stderr: 'error: The input ended before every question was answered; nothing was written\n',
    })
    expect(readdirSync(folder)).toEqual([])
  })
})

describe('wrong usage is one line and exit code 2', () => {
  test.each([
    ['nobody to ask', [], 'There is no terminal to ask on: give --provider and --tunnel, or --yes for the defaults'],
    ['no tunnel', ['--provider', 'fal'], 'There is no terminal to ask on: give --tunnel, or --yes for the defaults'],
    ['no provider', ['--tunnel', 'ssh'], 'There is no terminal to ask on: give --provider, or --yes for the defaults'],
    ['a provider like another', ['--provider', 'stirpe'], '--provider cannot be "stirpe". Did you mean "stripe"?'],
    [
      'an unknown provider',
      ['--provider', 'toString'],
      '--provider cannot be "toString". There are: generic, replicate, ',
    ],
    ['an unknown tunnel', ['--yes', '--tunnel', 'bore'], '--tunnel cannot be "bore". There are: none, cloudflare, '],
    ['an argument', ['stripe'], '"init" takes no argument; found "stripe"'],
    ['an option of another command', ['--file', 'x.yml'], '--file belongs to "up"'],
  ])('%s', async (_name, argv, message) => {
    const folder = createFolder()
    const { code, stdout, stderr } = await cli.run(['init', ...argv], { cwd: folder })
    expect(stderr).toMatch(/^error: [^\n]*\n$/)
    expect(stderr).toContain(message)
    expect({ code, stdout, files: readdirSync(folder) }).toEqual({ code: 2, stdout: '', files: [] })
  })
})
