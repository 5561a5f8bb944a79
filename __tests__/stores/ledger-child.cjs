// A process with a ledger of its own, which does what it is told in its second argument and says what happens.
const { createPostgresLedger } = require('../../dist/adapters/stores/postgres/ledger.js')
const { createRedisLedger } = require('../../dist/adapters/stores/redis/ledger.js')

const clock = { now: Date.now, setTimeout, clearTimeout }
const write = () => undefined
const logger = { debug: write, info: write, warn: write, error: write }
const say = (what) => process.stdout.write(`${JSON.stringify(what)}\n`)
const [options, task] = process.argv.slice(2)
const { type, ...rest } = JSON.parse(options)
const create = type === 'redis' ? createRedisLedger : createPostgresLedger
const ledger = create({ ...rest, clock, logger })

const tasks = {
  /** Has a record that becomes due, and never comes to an end with it. */
  async hang() {
    await ledger.append('run', 'one', 'entry', { orCreate: { data: 'data', ttlMs: 100 } })
  },
  async append() {
    for (let number = 0; number < 150; number++) {
      const entry = { from: 'child', number }
      say({ entry, length: await ledger.append('key', 'one', entry, { orCreate: { data: null, ttlMs: 60_000 } }) })
    }
    await ledger.close()
  },
  async publish() {
    await Promise.all(Array.from({ length: 100 }, (_, number) => ledger.publish({ from: 'child', number })))
    await ledger.close()
  },
  async listen() {
    say('listens')
  },
}

function onDue(kind, id) {
  say({ due: `${kind}/${id}` })
  return new Promise(() => undefined)
}

void ledger.open({ onDue, onMessage: (message) => say({ message }), onBack: () => undefined }).then(tasks[task])
