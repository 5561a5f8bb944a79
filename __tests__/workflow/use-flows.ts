import type { Callbacks, CallbacksConfig, CallbacksOptions } from '../../lib'
import type { ComponentConfig, JobConfig } from '../../lib/config/schema'
import type { JobEvent } from '../../lib/base/events'
import { type FakeService, type ServiceAnswer, type ServiceRequest, useServices } from '../helpers/fake-service'
import { type Host, useHosts } from '../helpers/use-hosts'
import type { Express } from 'express'

/** A host whose workflows call a service that the test plays. */
export interface Flow extends Host {
  readonly service: FakeService
  /** What the jobs told, in order. */
  readonly jobs: readonly JobEvent[]
  /** Resolves when a job has told this status, the first time or a later one. */
  told(job: string, status: JobEvent['status'], count?: number): Promise<JobEvent>
  /** Posts a callback to the host, and gives the status of the answer. */
  callback(body: object, path?: string): Promise<number>
  /** Resolves when something has set a timer with this delay, the first time or a later one, that is still set. */
  timer(delayMs: number, count?: number): Promise<void>
  /** The delays of all timers that are set now; one of them may be that of the waits. */
  delays(): readonly number[]
}

/** What the service answers; it may call back before. */
export type Answer = (request: ServiceRequest, flow: Flow) => ServiceAnswer | void | Promise<ServiceAnswer | void>

export interface Flows {
  open(
    config: CallbacksConfig,
    answer?: Answer,
    options?: CallbacksOptions,
    mount?: (app: Express, hooks: Callbacks) => unknown,
  ): Promise<Flow>
}

/** An endpoint that says `{id, status, value}`. */
export const DONE = {
  path: '/done',
  identify_by: '${body.id}',
  status: '${body.status}',
  success_when: 'ok',
  fail_when: 'bad',
  result: '${body.value}',
} as const

/** The URL of that endpoint, as a config says it. */
export const DONE_URL = 'http://localhost:8090/done'

/** A component that begins a task under its run id and says where the result goes. */
export const DRAW = {
  base_url: '${env.API}',
  path: '/tasks',
  body: { id: '${context.run_id}', prompt: '${input.prompt}', callback_url: DONE_URL },
} as const

/** The id that a request of that component was sent with. */
export function idOf({ body }: Pick<ServiceRequest, 'body'>): string {
  return String(Object(body).id)
}

/** A config with that endpoint, one component and one job. */
export function drawing(component: ComponentConfig = {}, job: JobConfig = {}): CallbacksConfig {
  return {
    listener: DONE,
    component: { ...DRAW, ...component },
    workflow: { id: 'paint', jobs: [{ id: 'draw', ...job }] },
  }
}

/** Opens flows for one test each; their `${env.API}` is the service. */
export function useFlows(): Flows {
  const services = useServices()
  const hosts = useHosts()

  return {
    async open(config, answer = () => ({ status: 202 }), { env, ...options } = {}, mount) {
      let flow: Flow | undefined
      const service = await services.open((request) => {
        if (flow === undefined) throw new Error('a request came before the host was there')
        return answer(request, flow)
      })
      const host = await hosts.open(config, { env: { API: service.origin, ...env }, ...options }, mount)
      const { timer, delays } = watchTimers(host)
      const jobs: JobEvent[] = []
      host.hooks.on('job', (event) => void jobs.push(event))
      flow = {
        ...host,
        service,
        jobs,
        async told(job, status, count = 1) {
          const find = (): readonly JobEvent[] => jobs.filter((one) => one.job === job && one.status === status)
          await until(() => find().length >= count, `${job} is ${status}`)
          return find()[count - 1] ?? Promise.reject(new Error('gone'))
        },
        callback: async (body, path = '/done') => (await host.post(path).send(body)).status,
        timer,
        delays,
      }
      return flow
    },
  }
}

/** Notes the timers that a host sets. */
function watchTimers({ clock }: Host): Pick<Flow, 'timer' | 'delays'> {
  const { setTimeout, clearTimeout } = clock
  const open = new Map<unknown, number>()
  const counts = new Map<number, number>()
  clock.setTimeout = (callback, delayMs) => {
    const timer = setTimeout(() => {
      open.delete(timer)
      callback()
    }, delayMs)
    open.set(timer, delayMs)
    counts.set(delayMs, (counts.get(delayMs) ?? 0) + 1)
    return timer
  }
  clock.clearTimeout = (timer) => {
    open.delete(timer)
    clearTimeout(timer)
  }
  const delays = (): readonly number[] => [...open.values()]
  const isSet = (ms: number, count: number): boolean => (counts.get(ms) ?? 0) >= count && delays().includes(ms)
  return { delays, timer: (ms, count = 1) => until(() => isSet(ms, count), `a timer of ${ms} ms is set`) }
}

/** Lets the callback come for which a job waits. */
export async function finish(flow: Flow, job: string, value: unknown): Promise<void> {
  const { ids: [id] = [] } = await flow.told(job, 'waiting')
  await flow.callback({ id, status: 'ok', value })
}

/** Resolves once something has come true, however many turns of the event loop that takes. */
export async function until(check: () => boolean, what: string): Promise<void> {
  for (let turn = 0; turn < 20_000; turn += 1) {
    if (check()) return
    await new Promise((resolve) => setImmediate(resolve))
  }
  throw new Error(`It never came true that ${what}`)
}
