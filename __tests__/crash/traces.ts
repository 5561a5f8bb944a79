import { afterAll, expect, test } from '@jest/globals'
import type { CallbacksConfig } from '../../lib'
import { openService } from '../helpers/fake-service'
import { type ExportedSpan, type Instance, killAll, startInstance } from './instances'
import { configOf, type StoreSite } from './worlds'

const LIMIT_MS = 120_000
const TRACED = { TRACED: 'yes' }
/** The trace that a service may have of its own. */
const FOREIGN = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'

/** What must hold of traces on every store when the process that has a run or a wait is killed. */
export function describeTraces(site: StoreSite): void {
  const isShared = site.type !== 'file'

  afterAll(killAll)

  /** Kills the owner, and returns the instance that goes on. */
  async function replace(owner: Instance, config: CallbacksConfig): Promise<Instance> {
    const other = isShared ? await startInstance(config, TRACED) : undefined
    await owner.kill()
    return other ?? startInstance(config, TRACED)
  }

  test(
    `one trace holds over kill -9 and two instances: ${site.type}`,
    async () => {
      const { store, remove } = site.create()
      const traceparents: unknown[] = []
      const service = await openService({
        'POST /paint'({ headers }) {
          traceparents.push(headers['traceparent'])
          return { body: { task: 'seven' } }
        },
        'POST /report'({ headers }) {
          traceparents.push(headers['traceparent'])
          return { body: { thanks: 'a' } }
        },
      })
      try {
        const config = configOf(service.origin, store)
        const owner = await startInstance(config, TRACED)
        const begun = Date.now()
        const { body } = await owner.post('/submit', { run: 'a' })
        await owner.writes(({ is, job, status }) => is === 'job' && job === 'paint' && status === 'waiting')
        const next = await replace(owner, config)
        await next.writes(({ message }) => message?.startsWith('Took up') === true)
        const killed = Date.now()
        const answer = await next.post('/done', { task: 'seven', painting: 'p' }, { traceparent: FOREIGN })
        expect(answer.status).toBe(200)
        const { id: task } = body as { readonly id: string }
        await next.writes((line) => line.task === task && line.status === 'succeeded' && line.is === 'task')
        await next.stop()

        const [first, second] = [spansOf(owner), spansOf(next)]
        expect(first.map(({ name }) => name).sort()).toEqual(['POST', 'POST /submit', 'start paint'])
        expect(second.map(({ name }) => name)).toEqual([
          'wait POST /done',
          'job paint',
          'POST',
          'job report',
          'run paint',
        ])
        const all = [...first, ...second]
        const root = first.find(({ name }) => name === 'POST /submit')
        const start = first.find(({ name }) => name === 'start paint')
        expect(new Set(all.map(({ traceId }) => traceId))).toEqual(new Set([root?.traceId]))
        expect(new Set(all.map(({ spanId }) => spanId)).size).toBe(all.length)
        expect([root?.parent, start?.parent]).toEqual([null, root?.spanId])
        for (const span of all) if (span !== root && span !== start) expect(span.parent).toBe(start?.spanId)
        const requests = all.filter(({ name }) => name === 'POST')
        expect(traceparents).toEqual(requests.map(({ traceId, spanId }) => `00-${traceId}-${spanId}-01`))
        // The facts are those of the process that is gone.
        for (const name of ['wait POST /done', 'job paint', 'run paint']) {
          const span = second.find((one) => one.name === name)
          expect(span?.start).toBeGreaterThanOrEqual(begun)
          expect(span?.start).toBeLessThan(killed)
          expect(span?.end).toBeGreaterThanOrEqual(killed)
        }
        expect(second[0]?.links).toEqual(['b7ad6b7169203331'])
      } finally {
        await killAll()
        await service.close()
        remove()
      }
    },
    LIMIT_MS,
  )

  test(
    `a wait by a key goes on in its trace after kill -9: ${site.type}`,
    async () => {
      const { store, remove } = site.create()
      try {
        const config = configOf('http://127.0.0.1:9', store)
        const wait = { id: 'order-7', key: 'k' }
        const owner = await startInstance(config, TRACED)
        const lost = owner.post('/wait', wait)
        const root = await spanOf(owner, 'POST /wait')
        const begun = Date.now()
        await isKept(owner, 'order-7')
        const next = await replace(owner, config)
        expect((await lost).status).toBeUndefined()
        const found = next.post('/wait', wait)
        await isKept(next, 'order-7')
        await settle(next, { task: 'order-7', painting: 'p' })
        expect((await found).body).toEqual({ result: { task: 'order-7', painting: 'p' } })
        const span = await spanOf(next, 'wait POST /done')
        expect([span.traceId, span.parent]).toEqual([root.traceId, root.spanId])
        expect(span.start).toBeLessThanOrEqual(begun)
      } finally {
        await killAll()
        remove()
      }
    },
    LIMIT_MS,
  )
}

/** Resolves when a wait is open, which is after the store has kept it. */
async function isKept(at: Instance, id: string): Promise<void> {
  const { body } = await at.get('/_callbacks/waits')
  if (!JSON.stringify(body).includes(id)) await isKept(at, id)
}

/** Posts a callback until it is acknowledged. */
async function settle(at: Instance, body: object): Promise<void> {
  const { status } = await at.post('/done', body)
  if (status !== 200) await settle(at, body)
}

function spansOf({ lines }: Instance): readonly ExportedSpan[] {
  return lines.flatMap(({ span }) => (span ? [span] : []))
}

async function spanOf(instance: Instance, name: string): Promise<ExportedSpan> {
  const { span } = await instance.writes((line) => line.span?.name === name)
  return span ?? Promise.reject(new Error('gone'))
}
