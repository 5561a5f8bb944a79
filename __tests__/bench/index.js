'use strict'

// Measures the package beside a baseline of the same job and prints the ratio. It asserts nothing about time.
// npm run build && npm run bench -- [rows] [--quick] [--json] [--list] [--lib dist/lib] [--cpu-prof folder]

const { existsSync } = require('node:fs')
const { join, relative } = require('node:path')
const { readOptions, HELP } = require('./options')
const { createReport } = require('./report')

const GROUPS = ['http', 'templates', 'waits', 'bulk', 'cold', 'stores']
/** Files of rows; a group may have several. */
const FILES = [...GROUPS, 'takeover']

async function main() {
  const options = readOptions(process.argv.slice(2), GROUPS)
  if (options.help) {
    console.log(HELP)
    return
  }
  const entry = options.libs.map((lib) => join(lib, 'index.js')).find((file) => !existsSync(file))
  if (!options.list && entry !== undefined) {
    throw new Error(`${relative(process.cwd(), entry)} is missing; run "npm run build" first`)
  }
  const report = createReport(options)
  const chosen = FILES.flatMap((file) => require(`./rows/${file}`).rows(options)).filter((row) => options.wants(row.id))
  if (chosen.length === 0) throw new Error(`No row has one of the names ${options.names.join(', ')}; see --list`)
  if (options.list) {
    for (const { id, what } of chosen) console.log(`${id.padEnd(24)} ${what}`)
    return
  }
  report.start()
  for (const row of chosen) {
    report.begin(row)
    for (const result of await row.measure()) report.add({ id: row.id, ...result })
  }
  report.finish()
}

main().catch((error) => {
  console.error(`bench: ${error instanceof Error ? error.message : error}`)
  process.exitCode = 1
})
