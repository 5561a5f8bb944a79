'use strict'
// Asks TypeScript what an editor shows: versions before 7 by their language service, 7 by the protocol that editors speak with it.
const { spawn } = require('node:child_process')
const { readFileSync } = require('node:fs')
const { pathToFileURL } = require('node:url')

/** Creates an editor with one file open, by the language service of TypeScript. */
function createServiceEditor(ts, file, compilerOptions) {
  const { options } = ts.convertCompilerOptionsFromJson(compilerOptions, process.cwd())
  const read = (name) => (ts.sys.fileExists(name) ? ts.ScriptSnapshot.fromString(ts.sys.readFile(name)) : undefined)
  const service = ts.createLanguageService({
    getCompilationSettings: () => options,
    getScriptFileNames: () => [file],
    getScriptVersion: () => '1',
    getScriptSnapshot: read,
    getCurrentDirectory: () => process.cwd(),
    getDefaultLibFileName: ts.getDefaultLibFilePath,
    fileExists: ts.sys.fileExists,
    readFile: ts.sys.readFile,
    readDirectory: ts.sys.readDirectory,
    directoryExists: ts.sys.directoryExists,
  })
  const textOf = (info) =>
    [info?.documentation, ...(info?.tags ?? []).map(({ text }) => text)].map(ts.displayPartsToString).join('\n')
  return {
    hover: async (at) => textOf(service.getQuickInfoAtPosition(file, at)),
    complete: async (at, key) =>
      textOf(service.getCompletionEntryDetails(file, at, key, undefined, undefined, undefined, undefined)),
    define: async (at) => service.getDefinitionAtPosition(file, at)?.[0]?.fileName ?? '',
    close: () => service.dispose(),
  }
}

/** Starts the program `tsc` of TypeScript 7, and opens one file in it. */
async function startEditor(tsc, file) {
  const child = spawn(process.execPath, [tsc, '--lsp', '--stdio'], { stdio: ['pipe', 'pipe', 'ignore'] })
  const { ask, tell } = createProtocol(child)
  const uri = pathToFileURL(file).href
  const text = readFileSync(file, 'utf8')
  const formats = ['plaintext']
  const completion = { completionItem: { documentationFormat: formats } }
  const capabilities = { textDocument: { hover: { contentFormat: formats }, completion } }
  await ask('initialize', { processId: process.pid, rootUri: new URL('.', uri).href, capabilities })
  tell('initialized', {})
  tell('textDocument/didOpen', { textDocument: { uri, languageId: 'typescript', version: 1, text } })
  const placeOf = (at) => {
    const lines = text.slice(0, at).split('\n')
    return { textDocument: { uri }, position: { line: lines.length - 1, character: lines.at(-1).length } }
  }
  return {
    hover: async (at) => (await ask('textDocument/hover', placeOf(at)))?.contents.value ?? '',
    complete: async (at, key) => {
      const { items = [] } = await ask('textDocument/completion', { ...placeOf(at), context: { triggerKind: 1 } })
      const item = items.find(({ label }) => label.replace('?', '') === key)
      const { documentation = '' } = item === undefined ? {} : await ask('completionItem/resolve', item)
      return documentation.value ?? documentation
    },
    define: async (at) => {
      const found = await ask('textDocument/definition', placeOf(at))
      return [found].flat()[0]?.uri ?? ''
    },
    close: async () => {
      await ask('shutdown')
      tell('exit')
    },
  }
}

/** Speaks JSON-RPC with a child, whose messages have a header with their length. */
function createProtocol({ stdin, stdout }) {
  const open = new Map()
  let rest = Buffer.alloc(0)
  const send = (message) => {
    const text = JSON.stringify({ jsonrpc: '2.0', ...message })
    stdin.write(`Content-Length: ${Buffer.byteLength(text)}\r\n\r\n${text}`)
  }
  const take = ({ id, method, params, result }) => {
    if (id === undefined) return
    if (method !== undefined) send({ id, result: params?.items?.map(() => null) ?? null })
    else open.get(id)?.(result)
  }
  stdout.on('data', (chunk) => {
    rest = Buffer.concat([rest, chunk])
    for (;;) {
      const head = rest.indexOf('\r\n\r\n')
      const length = Number(/Content-Length: (\d+)/i.exec(rest.subarray(0, head))?.[1])
      if (head < 0 || rest.length < head + 4 + length) return
      const text = rest.subarray(head + 4, head + 4 + length)
      rest = rest.subarray(head + 4 + length)
      take(JSON.parse(text))
    }
  })
  let last = 0
  const ask = (method, params) =>
    new Promise((resolve) => {
      last += 1
      open.set(last, resolve)
      send({ id: last, method, params })
    })
  return { ask, tell: (method, params) => send({ method, params }) }
}

module.exports = { createServiceEditor, startEditor }
