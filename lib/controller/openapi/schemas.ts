import { VERDICTS } from '../../deliveries/delivery'

/** A JSON Schema (2020-12), as OpenAPI 3.1 takes it. */
export type Schema = Readonly<Record<string, unknown>>

const TEXT = { type: 'string' } as const
const TEXT_OR_NULL = { type: ['string', 'null'] } as const
const FLAG = { type: 'boolean' } as const
const COUNT = { type: 'integer', minimum: 0 } as const
const TIME = { type: 'string', format: 'date-time' } as const
const TIME_OR_NULL = { type: ['string', 'null'], format: 'date-time' } as const
const ANY = {} as const

const word = (...words: readonly string[]): Schema => ({ enum: words })
const list = (items: Schema): Schema => ({ type: 'array', items })
const refer = (name: string): Schema => ({ $ref: `#/components/schemas/${name}` })
const orNull = (schema: Schema): Schema => ({ oneOf: [schema, { type: 'null' }] })

/** A mapping whose keys are all there, but for those that are named. */
function mapping(properties: Readonly<Record<string, Schema>>, optional: readonly string[] = []): Schema {
  return { type: 'object', properties, required: Object.keys(properties).filter((key) => !optional.includes(key)) }
}

const TASK_STATUS = word('running', 'succeeded', 'failed', 'cancelled')
const JOB_STATUS = word('running', 'waiting', 'retrying', 'succeeded', 'failed', 'cancelled')
const ITEMS = { type: ['object', 'null'], propertyNames: { enum: VERDICTS }, additionalProperties: COUNT } as const

const DELIVERY = {
  id: { ...TEXT, description: 'Later deliveries have greater ids' },
  received_at: TIME,
  duration_ms: { type: 'number', minimum: 0 },
  method: TEXT,
  target: { ...TEXT, description: 'Path and query, before a mount path was cut from them' },
  body_bytes: COUNT,
  endpoint: { ...TEXT_OR_NULL, description: 'The endpoint, such as POST /done; null where none took it' },
  verdict: word(...VERDICTS),
  outcome: { enum: ['succeeded', 'failed', null], description: 'How the callback was judged, where it ended a wait' },
  code: { ...TEXT_OR_NULL, description: 'The code of a refusal' },
  reason: { ...TEXT, description: 'Why it has this verdict' },
  ids: list(TEXT),
  task_id: { ...TEXT_OR_NULL, description: 'The task that it started' },
  items: { ...ITEMS, description: 'How many items of a bulk callback have each verdict' },
  status: { type: ['integer', 'null'], description: 'The HTTP status of the answer' },
  verified: FLAG,
  replay_of: { ...TEXT_OR_NULL, description: 'The delivery that this one repeats' },
} satisfies Record<string, Schema>

/** What the controller takes and answers, by name. */
export const SCHEMAS = {
  Delivery: mapping(DELIVERY),
  DeliveryDetail: mapping({
    ...DELIVERY,
    headers: list({ type: 'array', prefixItems: [TEXT, TEXT], minItems: 2, maxItems: 2 }),
    body: { ...TEXT_OR_NULL, description: 'Null where the bytes were not kept' },
    body_encoding: { enum: ['utf-8', 'base64', null] },
    reads: list(refer('ReadValue')),
  }),
  DeliveryList: mapping({
    deliveries: list(refer('Delivery')),
    next: { ...TEXT_OR_NULL, description: 'The value of `before` for the next page' },
  }),
  ReadValue: mapping({ key: TEXT, source: TEXT, value: ANY, error: TEXT }, ['value', 'error']),
  Wait: mapping({
    wait_id: { ...TEXT, description: 'Names the wait in a path, also where its ids are cut short' },
    ids: list(TEXT),
    endpoints: list(TEXT),
    since: TIME_OR_NULL,
    expires_at: TIME,
    outdated: { ...FLAG, description: 'Whether the public URL changed since the wait began' },
  }),
  WaitList: mapping({ waiting: COUNT, waits: list(refer('Wait')) }),
  Settling: mapping({ result: ANY, path: TEXT_OR_NULL }, ['result', 'path']),
  Failing: mapping({ error: ANY, path: TEXT_OR_NULL }, ['error', 'path']),
  Cancelling: mapping({ path: TEXT_OR_NULL }, ['path']),
  WaitCancel: mapping({ id: TEXT, cancelled: { ...COUNT, description: 'How many waits there were' } }),
  WaitEnd: mapping({ id: TEXT, delivery: word('settled', 'parked', 'duplicate', 'started', 'filtered') }),
  Job: mapping({
    id: TEXT,
    status: JOB_STATUS,
    attempt: COUNT,
    waiting_for: list(TEXT),
    error: orNull(refer('Problem')),
    steps: list(mapping({ status: JOB_STATUS, at: TIME })),
  }),
  Task: mapping({
    task_id: TEXT,
    workflow_id: TEXT,
    status: TASK_STATUS,
    output: ANY,
    error: orNull(refer('Problem')),
    started_at: TIME,
    ended_at: TIME_OR_NULL,
    jobs: list(refer('Job')),
  }),
  TaskList: list(refer('Task')),
  TaskStatus: mapping({ task_id: TEXT, status: TASK_STATUS }),
  Workflow: mapping({
    workflow_id: TEXT,
    title: TEXT_OR_NULL,
    description: TEXT_OR_NULL,
    default: FLAG,
    jobs: list(mapping({ id: TEXT, component: TEXT_OR_NULL })),
  }),
  WorkflowList: list(refer('Workflow')),
  Run: mapping(
    {
      workflow_id: { ...TEXT_OR_NULL, description: 'The default workflow when it is left out' },
      input: ANY,
      wait_for_completion: { type: ['boolean', 'null'], default: true },
      output_only: { type: ['boolean', 'null'], default: false },
    },
    ['workflow_id', 'input', 'wait_for_completion', 'output_only'],
  ),
  RunOutput: { description: 'A mapping of task_id, status and output, or with output_only the output alone' },
  RunFailure: mapping({ task_id: TEXT, status: TASK_STATUS, error: refer('Problem') }),
  Gateway: mapping({
    port: COUNT,
    driver: TEXT,
    state: word('idle', 'starting', 'ready', 'degraded', 'restarting', 'failed', 'closed'),
    public_url: TEXT_OR_NULL,
    public_address: TEXT_OR_NULL,
    previous_url: TEXT_OR_NULL,
    error: orNull(refer('Problem')),
  }),
  GatewayList: list(refer('Gateway')),
  QrCode: mapping({ size: COUNT, rows: list(TEXT) }),
  Health: mapping(
    {
      status: word('ok', 'degraded', 'closing'),
      store: word('ok', 'unavailable'),
      waiting: COUNT,
      tasks_running: COUNT,
      gateways: mapping({ ready: COUNT, not_ready: COUNT }),
    },
    ['store'],
  ),
  Problem: mapping({ code: TEXT, message: TEXT }),
  Error: mapping({ error: refer('Problem') }),
  OpenApi: { type: 'object', description: 'This document' },
} satisfies Record<string, Schema>

/** The name of a schema. */
export type SchemaName = keyof typeof SCHEMAS
