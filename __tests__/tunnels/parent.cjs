// Starts a program as the package does, and says what it says; a test kills this process.
const { startChild } = require('../../dist/adapters/tunnels/program/child-process.js')

const clock = { now: Date.now, setTimeout, clearTimeout }
const [file, ...args] = process.argv.slice(2)
startChild({ file, args, env: process.env }, { clock, onLine: (line) => process.stdout.write(`${line}\n`) })
