// An app that reads many callbacks for one id by a key. Its config stands in APP as JSON; it writes a line of JSON for each.
const { writeSync } = require('node:fs')
const express = require('express')
const { callbacks } = require('../../dist/lib/index.js')

// At once, so that a line that was written outlives the process.
const write = (line) => void writeSync(1, `${JSON.stringify(line)}\n`)

const hooks = callbacks(JSON.parse(process.env.APP))
const app = express().use(hooks)

const read = async () => {
  for await (const n of hooks.each('job', { path: '/pages', key: 'pages', until: (last) => last === -1 })) {
    write({ is: 'got', n })
    await new Promise((resolve) => setTimeout(resolve, n % 3))
  }
  write({ is: 'end' })
}

const server = app.listen(0, '127.0.0.1', async () => {
  await hooks.open()
  write({ is: 'ready', port: server.address().port })
  await read()
})
// It does not outlive whoever started it.
process.stdin.on('end', () => process.exit(1)).resume()
