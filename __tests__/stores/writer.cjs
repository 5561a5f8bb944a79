// Writes to a ledger as fast as it can, and says what was done; a test kills this process.
const { createFileLedger } = require('../../dist/adapters/stores/file/ledger.js')

const [path, sync, size] = process.argv.slice(2)
const HOUR = 60 * 60_000
const silent = { debug() {}, info() {}, warn() {}, error() {} }
const clock = { now: Date.now, setTimeout, clearTimeout }
const ledger = createFileLedger({ path, sync, clock, logger: silent })
const padding = 'x'.repeat(Number(size))

async function write(id) {
  for (let number = 0; ; number++) {
    const length = await ledger.append('run', id, { number }, { orCreate: { data: id, ttlMs: HOUR } })
    await ledger.create('mark', `${id}-${number}`, { data: padding, ttlMs: 1 })
    process.stdout.write(`${id} ${number} ${length}\n`)
  }
}

async function main() {
  await ledger.open({ onDue: async () => ({ remove: true }), onMessage() {}, onBack() {} })
  process.stdout.write('open\n')
  if (size !== undefined) await Promise.all([...Array(30).keys()].map((number) => write(`writer-${number}`)))
  else setInterval(() => undefined, HOUR)
}

void main()
