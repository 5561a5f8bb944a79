import type { ServerResponse } from 'node:http'
import type { Config } from '../config/normalize'
import { ANSWER_STATUS, CallbackError } from '../base/errors'
import type { Gateways } from '../gateway/gateways'
import type { ListenerRequest } from '../body/request'
import type { Clock, GatewayState, Store } from '../base/contracts'
import type { Task } from '../workflow/tasks/task'
import type { Tasks } from '../workflow/tasks/tasks'
import { type Answer, json } from './answer'
import type { Metrics } from './metrics'
import type { RouteDoc } from './openapi/route-doc'
import { createJsonReader, hasContent, parseRunRequest, quote, requireJson } from './request'
import { viewError, viewTask, viewWait, viewWorkflow } from './views'

/** A request that a route answers. */
export interface Call {
  readonly request: ListenerRequest
  readonly response: ServerResponse
  /** The id in the path; empty where there is none. */
  readonly id: string
  readonly query: URLSearchParams
}

export interface Route {
  readonly method: 'GET' | 'POST'
  /** Without a slash at its end; `{id}` is any one segment. */
  readonly path: string
  /** What `GET /openapi.json` says of it; undefined for parts of the page. */
  readonly doc: RouteDoc | undefined
  /** Undefined when the response is answered, or will be, by the route itself. */
  readonly answer: (call: Call) => Answer | undefined | Promise<Answer>
  /** Whether it is shown to those without the token, too. */
  readonly isOpen?: boolean
  /** Whether it changes something, so that the action guard checks the request, too. */
  readonly isAction?: boolean
}

/** What the routes show and do. */
export interface RoutesContext {
  readonly config: Config
  readonly tasks: Tasks
  readonly store: Store
  readonly gateways: Gateways
  readonly isClosing: () => boolean
  readonly clock: Clock
}

/** How many tasks and waits are listed at most. */
const MAX_LISTED = 1000

const RUN_DOC: RouteDoc = {
  summary: 'Runs a workflow and waits for its end, or answers 202 at once',
  body: 'Run',
  answers: { 200: 'RunOutput', 202: 'TaskStatus', 500: 'RunFailure', 503: 'RunFailure' },
  errors: ['ERR_WORKFLOW_UNKNOWN', 'ERR_TASKS_FULL', 'ERR_CLOSED', 'ERR_STORE_UNAVAILABLE'],
}

async function canReach(store: Store): Promise<boolean> {
  try {
    await store.check?.()
    return true
  } catch {
    return false
  }
}

/** Creates the routes of workflows, tasks and waits, and those that say how it is doing. */
export function createRoutes(context: RoutesContext, metrics: Metrics): readonly Route[] {
  return [...createTaskRoutes(context), ...createStatusRoutes(context, metrics)]
}

function createTaskRoutes({ config, tasks, isClosing, clock }: RoutesContext): readonly Route[] {
  const readJson = createJsonReader(clock)

  async function run({ request, response }: Call): Promise<Answer> {
    const { workflow, input, waitsForCompletion, outputOnly } = parseRunRequest(await readJson(request, response))
    if (isClosing()) throw new CallbackError('ERR_CLOSED', { message: 'The callbacks are closing; nothing is started' })
    const { headers } = request
    const task = await tasks.submit({ workflow, input, isUnattended: !waitsForCompletion, isRequested: true, headers })
    return waitsForCompletion ? answerEnd(task, outputOnly) : json(202, { task_id: task.id, status: task.status })
  }

  async function cancel({ request, id }: Call): Promise<Answer> {
    if (hasContent(request)) requireJson(request)
    const wasRunning = await tasks.cancel(id)
    if (wasRunning === undefined) throw unknownTask(id)
    if (wasRunning) return json(200, { task_id: id, status: 'cancelled' })
    const status = (await tasks.find(id))?.status ?? 'ended'
    throw new CallbackError('ERR_TASK_ENDED', {
      message: `The task ${id} cannot be cancelled: it has ${status} already`,
    })
  }

  return [
    {
      method: 'GET',
      path: '/workflows',
      doc: { summary: 'Lists the workflows that can be run', answers: { 200: 'WorkflowList' } },
      answer: () => json(200, [...config.workflows.values()].map(viewWorkflow)),
    },
    { method: 'POST', path: '/workflows/runs', doc: RUN_DOC, answer: run },
    {
      method: 'GET',
      path: '/tasks',
      doc: {
        summary: 'Lists the tasks that run, at most 1,000, oldest first',
        query: { all: { enum: ['true'], description: 'Tasks that have ended, too' } },
        answers: { 200: 'TaskList' },
      },
      answer({ query }) {
        const list = query.get('all') === 'true' ? tasks.all() : tasks.running()
        return json(200, list.slice(0, MAX_LISTED).map(viewTask))
      },
    },
    {
      method: 'GET',
      path: '/tasks/{id}',
      doc: { summary: 'Shows a task and its jobs', answers: { 200: 'Task' }, errors: ['ERR_TASK_UNKNOWN'] },
      async answer({ id }) {
        const state = await tasks.find(id)
        if (state === undefined) throw unknownTask(id)
        return json(200, viewTask(state))
      },
    },
    {
      method: 'POST',
      path: '/tasks/{id}/cancel',
      doc: {
        summary: 'Cancels a task; a body is not needed',
        answers: { 200: 'TaskStatus' },
        errors: ['ERR_TASK_UNKNOWN', 'ERR_TASK_ENDED', 'ERR_BODY_TYPE'],
      },
      answer: cancel,
    },
  ]
}

function createStatusRoutes({ tasks, store, gateways, isClosing }: RoutesContext, metrics: Metrics): readonly Route[] {
  async function health(): Promise<Answer> {
    const isStoreThere = await canReach(store)
    const states = [...gateways.statuses.values()].map(({ state }) => state)
    const ready = count(states, 'ready')
    const isWell = states.every((state) => !['failed', 'degraded', 'restarting'].includes(state))
    const status = isClosing() ? 'closing' : isWell && isStoreThere ? 'ok' : 'degraded'
    return json(isClosing() ? ANSWER_STATUS.ERR_CLOSED : 200, {
      status,
      ...(store.check && { store: isStoreThere ? 'ok' : 'unavailable' }),
      waiting: store.stats().waiting,
      tasks_running: tasks.counts().running,
      gateways: { ready, not_ready: states.length - ready },
    })
  }

  return [
    {
      method: 'GET',
      path: '/waits',
      doc: { summary: 'Lists the waits, at most 1,000', answers: { 200: 'WaitList' } },
      answer: () => json(200, { waiting: store.stats().waiting, waits: store.list(MAX_LISTED).map(viewWait) }),
    },
    {
      method: 'GET',
      path: '/health',
      doc: { summary: 'Says whether all is well; 503 while it closes', answers: { 200: 'Health', 503: 'Health' } },
      answer: health,
    },
    {
      method: 'GET',
      path: '/metrics',
      doc: {
        summary: 'Shows metrics for Prometheus',
        answers: { 200: 'text/plain' },
        errors: ['ERR_CONFIG_UNSUPPORTED'],
      },
      answer: async () => ({ status: 200, ...(await metrics.read()) }),
    },
  ]
}

/** Waits for the end of a task, also when the client is gone. */
async function answerEnd(task: Task, outputOnly: boolean): Promise<Answer> {
  let output: unknown
  try {
    output = await task.result()
  } catch (error) {
    const shown = viewError(error)
    const status = shown.code === 'ERR_CLOSED' ? ANSWER_STATUS.ERR_CLOSED : 500
    return json(status, { task_id: task.id, status: task.status, error: shown })
  }
  return json(200, outputOnly ? (output ?? null) : { task_id: task.id, status: task.status, output: output ?? null })
}

function count(states: readonly GatewayState[], wanted: GatewayState): number {
  return states.filter((state) => state === wanted).length
}

function unknownTask(id: string): CallbackError {
  return new CallbackError('ERR_TASK_UNKNOWN', {
    message: `There is no task ${quote(id)}; it never was, or it ended too long ago (store.keep; the last 1,000 are known)`,
  })
}
