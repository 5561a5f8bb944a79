'use strict'

// What loading takes in a fresh process, in milliseconds of CPU.

const { join } = require('node:path')

const [kind = '', lib = ''] = process.argv.slice(2)
const before = process.memoryUsage().rss
const wall = process.hrtime.bigint()
const start = process.cpuUsage()
require('express')
if (kind === 'ours') require(join(lib, 'index.js'))
const { user, system } = process.cpuUsage(start)
const wallMs = Number(process.hrtime.bigint() - wall) / 1e6
const rssMb = (process.memoryUsage().rss - before) / 1024 ** 2
process.stdout.write(JSON.stringify({ cpuMs: (user + system) / 1000, wallMs, rssMb }))
