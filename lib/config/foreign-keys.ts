import { ignored, type Refusals } from './field/shape'
import { COMPONENT_TYPES } from './field/words'

// The keys and types of model-compose that this package has no use for. The sections hold the keys that both have.

const PEOPLE = 'it is a label for people; write a comment, or title and description of the workflow'
const WHOLE = 'an answer is read as a whole'
const LOG = 'the log goes to the option "logger"'
const TRACE = 'runs are told by events'

/** Keys of a controller. */
export const CONTROLLER_KEYS = {
  name: ignored('name', PEOPLE),
  webui: ignored('webui', 'no page is served on a port of its own'),
  adapter: ignored('adapter', 'write host, port and base_path directly below "controller"'),
  adapters: ignored(
    'adapters',
    'there is one HTTP API; write its host, port and base_path directly below "controller"',
  ),
  runtime: ignored('runtime', 'the controller runs in this process'),
  baseUrl: ignored('base_url', 'the path before every route is base_path'),
  origins: ignored('origins', 'pages of other origins may not call the controller; a proxy of your own may add CORS'),
  maxConcurrentCount: ignored(
    'max_concurrent_count',
    'how many callbacks are in work at once is max_concurrent_count of a listener',
  ),
  threaded: ignored('threaded', 'runs share one thread and wait without blocking it'),
  queue: ignored('queue', 'runs are shared by the instances that have the same "store"'),
  shutdownPendingPeriod: ignored('shutdown_pending_period', 'closing begins at once'),
  shutdownTimeout: ignored('shutdown_timeout', 'close({drain}) says how long running tasks go on'),
}

/** Keys of a component. */
export const COMPONENT_KEYS = {
  name: ignored('name', PEOPLE),
  runtime: ignored('runtime', 'requests are sent by this process'),
  maxConcurrentCount: ignored(
    'max_concurrent_count',
    'how many requests are sent is limited by rate_limit, such as "10/s"',
  ),
  retryCount: ignored('retry_count', '"retry" is a key of the job'),
}

/** Keys of the request of a component. */
export const ACTION_ONLY_KEYS = {
  id: ignored('id', 'a component has one action; the job names the component'),
  default: ignored('default', 'a component has one action'),
}

/** Keys for answers that arrive in pieces. */
export const STREAM_KEYS = {
  streamFormat: ignored('stream_format', WHOLE),
  streamFragmented: ignored('stream_fragmented', WHOLE),
  responseType: ignored('response_type', 'the content type of an answer decides how it is read'),
}

/** Keys of a job. */
export const JOB_KEYS = {
  name: ignored('name', PEOPLE),
  maxRunCount: ignored('max_run_count', 'a job runs once in a run, besides its retries'),
}

/** Keys of a workflow. */
export const WORKFLOW_KEYS = {
  name: ignored('name', 'write "title"'),
  private: ignored('private', 'each workflow can be started by its id'),
}

const START_IT =
  'nothing is started here; start it yourself, take this out, and call it with a component of type http-client'

/** The sections of other systems. Editors do not offer them. */
export const ROOT_REFUSALS: Refusals = {
  ignored: { logger: LOG, loggers: LOG, tracer: TRACE, tracers: TRACE },
  keys: { system: START_IT, systems: START_IT },
}

/** What a controller refuses. */
export const CONTROLLER_REFUSALS: Refusals = {
  type: {
    what: 'controller',
    known: ['http-server'],
    foreign: ['mcp-server', 'queue-subscriber'],
    advice: 'or take the controller out: workflows run without one',
    standIn: {},
  },
}

const SERVER = `${START_IT}, or of type http-server, which takes port and base_path`
const ONE_ACTION = 'a component has one action; write one component for each of them, and name it in the job'

/** What a component refuses. */
export const COMPONENT_REFUSALS: Refusals = {
  keys: { start: SERVER, install: SERVER, build: SERVER, clean: SERVER, manage: SERVER, actions: ONE_ACTION },
  type: {
    what: 'component',
    known: COMPONENT_TYPES,
    foreign: ['mcp-client', 'mcp-server', 'websocket-client', 'websocket-server', 'json-rpc-client', 'workflow'],
    advice: 'run it as a service of its own and call that with http-client',
    standIn: { type: 'logger' },
  },
}

/** What a job refuses. */
export const JOB_REFUSALS: Refusals = {
  keys: {
    action: ONE_ACTION,
    repeat_count: 'a job runs once; write a job for each time, or start the workflow for each item',
    interrupt: 'write a job with wait_for and no component; the decision of a person comes to a listener',
    hook: 'no code runs in a config; call a service of your own, or run the workflow from code',
  },
  type: {
    what: 'job',
    known: ['component'],
    foreign: ['delay', 'if', 'switch', 'filter', 'for-each', 'loop', 'pipeline', 'accumulate', 'fan-out'],
    advice: 'a job calls a component, or waits for a callback with wait_for; decide and repeat in code',
    standIn: { component: 'logger' },
  },
}

/** What `on_error` refuses, as a mapping. */
export const ON_ERROR_REFUSALS: Refusals = {
  keys: { to: 'no job is jumped to; write the jobs that stand in as a list: on_error: [{component: …}]' },
}
