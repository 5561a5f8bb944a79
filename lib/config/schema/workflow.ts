import * as v from 'valibot'
import { refusing } from '../foreign/foreign'
import {
  amount,
  anyCaseOf,
  anyText,
  duration,
  field,
  flag,
  listOf,
  mappingTemplate,
  oneOf,
  port,
  rate,
  required,
  type Shape,
  scalars,
  statuses,
  template,
  text,
  textTemplate,
  texts,
  textsTemplate,
} from './fields'
import {
  ACTION_ONLY_KEYS,
  COMPONENT_KEYS,
  COMPONENT_REFUSALS,
  JOB_KEYS,
  JOB_REFUSALS,
  ON_ERROR_REFUSALS,
  STREAM_KEYS,
  WORKFLOW_KEYS,
} from '../foreign/schema'
import { COMPONENT_TYPES, LOG_LEVELS, ON_ERROR_WORDS, REQUEST_METHODS } from '../field/words'

const requestFields = {
  path: field(textTemplate, 'Path below base_url, or a whole URL'),
  endpoint: field(textTemplate, 'Whole URL, instead of base_url and path'),
  method: field(anyCaseOf(REQUEST_METHODS), 'HTTP method (default POST with a body, else GET)'),
  headers: field(mappingTemplate, 'HTTP headers'),
  params: field(mappingTemplate, 'Query parameters'),
  body: field(template, 'Body of the request'),
}

const pollingFields = {
  ...requestFields,
  status: field(textTemplate, 'Where the answer says how the task went, such as ${response.status}'),
  success_when: field(scalars, 'Values of status that mean success'),
  fail_when: field(scalars, 'Values of status that mean failure'),
  result: field(template, 'The result (default: the answer)'),
  interval: field(duration, 'Time between two questions (default 5s)'),
  timeout: field(duration, 'How long to wait (polling: default 5m)'),
}

/** The keys of polling. */
export const POLLING_KEYS = Object.keys(pollingFields)

const COMPLETION_TYPES = ['callback', 'polling', 'none'] as const

const completionFields = v.strictObject({
  type: field(oneOf(COMPLETION_TYPES), 'How the job learns that the task is done'),
  ...pollingFields,
  path: field(textTemplate, 'callback: the endpoint that is called; polling: the path to ask'),
  wait_for: field(textsTemplate, 'callback: the id or ids to wait for'),
  done_when: field(textTemplate, 'True when the immediate answer is final already'),
  fallback: field(
    v.strictObject({ after: field(duration, 'How late the callback must be'), ...pollingFields }),
    'callback: asks when the callback is late',
  ),
  ...STREAM_KEYS,
})

/** What a user writes for `completion`, unless it is just the type. */
export interface CompletionConfig extends v.InferInput<typeof completionFields> {}

const completionMapping: Shape<CompletionConfig> = completionFields
const completion = v.union([oneOf(COMPLETION_TYPES), completionMapping], 'a mapping, or one of callback, polling, none')

const actionFields = {
  ...requestFields,
  output: field(template, 'What the component gives; ${response}, ${header}, ${status_code} and ${result} can be read'),
  timeout: field(duration, 'Limit of request and wait together'),
  completion: field(
    completion,
    'How the job learns that the task is done (default: by the callback URL in the request)',
  ),
  idempotency: field(flag, 'Whether to send Idempotency-Key, one for all attempts of a job (default false)'),
  status: field(textTemplate, 'Where the immediate answer says how it went, such as ${response.ok}'),
  success_when: field(scalars, 'Values of status that mean success'),
  fail_when: field(scalars, 'Values of status that mean failure; the job fails at once'),
}

/** The keys of a request that may stand in `action` or inline. */
export const ACTION_KEYS = Object.keys(actionFields)

const component = v.strictObject({
  id: field(text, 'Name of the component'),
  type: field(oneOf(COMPONENT_TYPES), 'Kind of component (default http-client)'),
  default: field(flag, 'Whether jobs that name no component call this one'),
  host: field(text, 'http-server: where the server runs already (default 127.0.0.1)'),
  port: field(port, 'http-server: port of that server (default 8000)'),
  base_path: field(anyText, 'http-server: path before every path'),
  base_url: field(textTemplate, 'What every path is joined to'),
  rate_limit: field(rate, 'Requests that may be sent, such as "10/s"'),
  action: field(
    v.strictObject({ ...actionFields, ...ACTION_ONLY_KEYS, ...STREAM_KEYS }),
    'The request; its keys may stand inline instead',
  ),
  level: field(oneOf(LOG_LEVELS), 'logger: level (default info)'),
  ...actionFields,
  ...STREAM_KEYS,
  ...COMPONENT_KEYS,
})

/** What a user writes for one component. */
export interface ComponentConfig extends v.InferInput<typeof component> {}

/** One component. */
export const componentSchema: Shape<ComponentConfig> = refusing(component, COMPONENT_REFUSALS)

const waitFields = v.strictObject({
  id: required(textsTemplate, 'The id or ids to wait for'),
  path: field(text, 'The endpoint that is called'),
  timeout: field(duration, 'How long to wait'),
})

const retryFields = v.strictObject({
  max_attempts: field(amount, 'Attempts in all, the first one counted (default 3)'),
  max_attempt_count: field(amount, 'The same as max_attempts'),
  delay: field(duration, 'Time before the next attempt (default 1s)'),
  backoff: field(oneOf(['fixed', 'exponential']), 'Whether the delay stays or doubles (default fixed)'),
  max_delay: field(duration, 'Longest delay (default 5m)'),
  on: field(statuses, 'Statuses of answers that are repeated too, such as 409'),
})

const onErrorFields = v.strictObject({
  output: field(template, 'Output of the job when it fails (default null); ${error} can be read'),
})

/** What a user writes for `on_error` when no job stands in. */
export type OnErrorConfig = (typeof ON_ERROR_WORDS)[number] | v.InferInput<typeof onErrorFields>

const onError: Shape<OnErrorConfig> = v.union([v.picklist(ON_ERROR_WORDS), refusing(onErrorFields, ON_ERROR_REFUSALS)])

const jobFields = {
  id: field(text, 'Name of the job'),
  type: field(oneOf(['component']), 'Kind of job (default component)'),
  component: field(
    v.union([text, v.lazy(() => componentSchema)], 'the name of a component, or a mapping that is one'),
    'Component that does the work: its name, or all of it (default: the only one, or the default one)',
  ),
  input: field(template, 'Input of the component (default: the input of the workflow)'),
  output: field(template, 'What other jobs read as ${jobs.ID.output}'),
  depends_on: field(texts, 'Jobs to wait for (default: the one above); [] starts at once'),
  retry: field(
    v.union([amount, retryFields], 'a number of attempts, 1 or more, or a mapping such as {max_attempts: 3}'),
    'How often a job that fails is tried; a number is max_attempts',
  ),
  timeout: field(duration, 'Limit of each attempt'),
  wait_for: field(
    v.union([textTemplate, waitFields], 'an id to wait for, or a mapping with id, path and timeout'),
    'Waits for a callback; instead of component',
  ),
  ...JOB_KEYS,
}

/** What a user writes for one job. */
export interface JobConfig extends v.InferInput<v.StrictObjectSchema<typeof jobFields, undefined>> {
  readonly on_error?: OnErrorConfig | readonly JobConfig[] | undefined
}

const job = v.strictObject({
  ...jobFields,
  on_error: field(
    v.union([onError, listOf(v.lazy(() => jobSchema))], 'a list of jobs, ignore, fail, or a mapping with output'),
    'What happens after the last attempt: jobs that run then and whose output stands in, or ignore: null stands in',
  ),
})
const jobSchema: Shape<JobConfig> = refusing(job, JOB_REFUSALS)

const workflow = v.strictObject({
  id: field(text, 'Name of the workflow'),
  title: field(anyText, 'Title for people'),
  description: field(anyText, 'What the workflow does'),
  jobs: field(listOf(jobSchema), 'The jobs, one after the other unless depends_on says otherwise'),
  job: field(
    v.lazy(() => jobSchema),
    'The job, where there is one; without any, the only or default component is called',
  ),
  input: field(template, 'Without jobs: input of the component that is called (default: the input of the workflow)'),
  output: field(template, 'Output of the workflow (default: that of its last jobs)'),
  default: field(flag, 'Whether this workflow runs when none is named'),
  timeout: field(duration, 'Limit of the whole run'),
  ...WORKFLOW_KEYS,
})

/** What a user writes for one workflow. */
export interface WorkflowConfig extends v.InferInput<typeof workflow> {}

/** One workflow. */
export const workflowSchema: Shape<WorkflowConfig> = workflow
