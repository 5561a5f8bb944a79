import type { Lines, Provider, Variable } from './providers/provider'

type Imports = Readonly<Record<string, string>>

/** Writes `app.mjs`. */
export function writeApp({ about, app }: Provider): Lines {
  const isParsing = app.some((line) => line.includes('express.json()'))
  return [
    `// ${about}.`,
    ...writeImports({
      'node:process': '{ argv }',
      express: 'express',
      'express-callbacks': '{ callbacks, loadConfig }',
    }),
    '',
    '/** Creates the app. Tests give options: variables, and a fetch that asks nobody. */',
    'export function createApp(options) {',
    `  const hooks = callbacks(loadConfig(new URL('callbacks.yml', import.meta.url)), options)`,
    '  const app = express()',
    `  app.use(hooks) // before ${isParsing ? '' : 'any '}express.json(): callbacks read their bodies themselves`,
    ...(isParsing ? [] : ['']),
    ...indent(app),
    '',
    '  return { app, hooks }',
    '}',
    '',
    '// Not when a test imports this file.',
    'if (import.meta.filename === argv[1]) {',
    '  const { app, hooks } = createApp({ logger: console })',
    '  app.listen(8090, () => hooks.open())',
    '}',
  ]
}

/** Writes `app.test.mjs`. */
export function writeTest(provider: Provider, variables: readonly Variable[], driver: string | undefined): Lines {
  const { label, path, signing, test } = provider
  const imports = signing?.imports ?? {
    'node:child_process': '{ execFile }',
    'node:process': '{ env, execPath }',
    'node:url': '{ fileURLToPath }',
    'node:util': '{ promisify }',
  }
  return [
    `// Tries the whole way without the network: a fake fetch stands in for ${label}, the callback is a real request.`,
    ...writeImports({
      'node:assert/strict': 'assert',
      'node:events': '{ once }',
      'node:http': '{ createServer }',
      'node:test': '{ test }',
      ...imports,
      './app.mjs': '{ createApp }',
    }),
    '',
    '// These win over those of .env.',
    'const variables = {',
    ...variables.map(({ name, example }) => `  ${name}: '${example}',`),
    '}',
    '',
    ...(signing?.code ?? writeSending(provider)),
    '',
    '/** Starts the app on a free port and returns its URL. */',
    `async function start(t, fetch = () => Promise.reject(new Error('nothing is asked here'))) {`,
    `  const server = createServer().listen(0, '127.0.0.1')`,
    `  await once(server, 'listening')`,
    '  const url = `http://127.0.0.1:${server.address().port}`',
    '  t.after(() => {',
    '    server.close()',
    '    server.closeAllConnections()',
    '  })',
    ...writeTunnels(driver),
    `  const { app, hooks } = createApp({ env: { ...variables, PUBLIC_URL: url }, fetch${driver === undefined ? '' : ', tunnels'} })`,
    '  t.after(() => hooks.close())',
    `  server.on('request', app)`,
    '  return url',
    '}',
    '',
    ...test,
    '',
    `test('a callback with a wrong signature is refused', { timeout: 20_000 }, async (t) => {`,
    signing === undefined
      ? `  await callBack((await start(t)) + '${path}', '--forge')`
      : `  await callBack((await start(t, async () => keys())) + '${path}', true)`,
    '})',
  ]
}

/** A tunnel that opens nothing: the URL leads here. */
function writeTunnels(driver: string | undefined): Lines {
  if (driver === undefined) return []
  return [
    '  const tunnel = { publicUrl: url, closed: new Promise(() => {}), close: async () => {} }',
    `  const tunnels = { ${driver}: async () => tunnel } // opens nothing: the URL leads here`,
  ]
}

/** The command `send` writes and signs callbacks as services do. */
function writeSending({ label, sends = [] }: Provider): Lines {
  const given = sends.map((word) => `'${word}'`).join(', ')
  return [
    `const cli = fileURLToPath(new URL('dist/lib/cli.js', import.meta.resolve('express-callbacks/package.json')))`,
    `const callback = [${given}]`,
    '',
    `/** Sends a callback, signed as ${label} signs it, by "npx express-callbacks send"; rejects when it is not taken. */`,
    'async function callBack(url, ...more) {',
    `  const args = [cli, 'send', '--to', url, ...callback, ...more]`,
    '  const child = { ...env, ...variables, PUBLIC_URL: new URL(url).origin }',
    '  await promisify(execFile)(execPath, args, { cwd: import.meta.dirname, env: child })',
    '}',
  ]
}

/** Writes import statements, sorted: those of Node, packages, files. */
function writeImports(imports: Imports): Lines {
  const rank = (name: string): number => (name.startsWith('node:') ? 0 : name.startsWith('.') ? 2 : 1)
  const names = Object.keys(imports).sort((one, other) => rank(one) - rank(other) || one.localeCompare(other))
  return names.map((name) => `import ${imports[name]} from ${quote(name)}`)
}

function indent(lines: Lines): Lines {
  return lines.map((line) => (line === '' ? '' : `  ${line}`))
}

function quote(text: string): string {
  return `'${text}'`
}
