import * as v from 'valibot'
import {
  anyCaseOf,
  anyText,
  count,
  duration,
  field,
  flag,
  listenerPort,
  listOf,
  mappingTemplate,
  oneOf,
  publicUrl,
  required,
  type Shape,
  rate,
  scalars,
  size,
  template,
  text,
  textTemplate,
  texts,
} from './fields'
import { CALLBACK_METHODS } from '../field/words'
import { ALGORITHMS, ENCODINGS, KEY_ENCODINGS, TIMESTAMP_UNITS } from '../../verify/contract'
import { VERIFY_SCHEMES } from '../../verify/schemes'

const verifyFields = v.strictObject({
  scheme: required(oneOf(VERIFY_SCHEMES), 'How the sender signs; every preset is data over "hmac"'),
  secret: field(texts, 'The shared secret or public key; a list while rotating'),
  algorithm: field(oneOf(ALGORITHMS), 'Hash of the signature'),
  signature: field(textTemplate, 'Where the signature stands, such as ${header.X-Signature}'),
  prefix: field(anyText, 'What precedes the signature, such as "sha256="'),
  encoding: field(oneOf(ENCODINGS), 'How the signature is written'),
  key_encoding: field(oneOf(KEY_ENCODINGS), 'How the secret is written'),
  timestamp: field(textTemplate, 'Where the time of sending stands'),
  timestamp_unit: field(oneOf(TIMESTAMP_UNITS), 'How the time of sending is written'),
  id: field(textTemplate, 'Where the id of the message stands, if it is signed'),
  signed: field(textTemplate, 'The text that is signed, such as "${timestamp}.${raw}"'),
  tolerance: field(duration, 'How old or early a request may be; at least 1s'),
  topic: field(texts, 'sns: the ARN of the topic whose messages are believed; a list for several'),
  unsigned_ids: field(
    flag,
    'Whether identify_by, dedupe_by and item may read what the signature does not cover (default false)',
  ),
})

/** What a user writes for `verify`, unless it is just the scheme. */
export interface VerifyConfig extends v.InferInput<typeof verifyFields> {}

const verifyMapping: Shape<VerifyConfig> = verifyFields
const verify = v.union([oneOf(VERIFY_SCHEMES), verifyMapping], 'a mapping with scheme and secret, or a scheme')

const challengeMapping = v.strictObject({
  type: field(text, 'The handshake (default: that of the scheme of verify)'),
  origin: field(texts, 'cloudevents: who may send, as in WebHook-Request-Origin; a list for several (default: anyone)'),
  rate: field(count, 'cloudevents: how many events a minute are taken (default: any number)'),
  token: field(texts, 'meta: the Verify Token of the App Dashboard; a list while it is replaced'),
})

const response = v.strictObject({
  status: field(textTemplate, 'HTTP status (default 200)'),
  headers: field(mappingTemplate, 'HTTP headers'),
  body: field(template, 'Body of the answer (default empty)'),
})

const sharedFields = {
  path: field(text, 'Path below base_path, in Express 5 syntax; parameters are read as ${params.name}'),
  method: field(anyCaseOf(CALLBACK_METHODS), 'HTTP method (default POST)'),
  bulk: field(flag, 'Whether one request carries several items (default false)'),
  item: field(textTemplate, 'The items in bulk mode, else the part of the body that matters'),
  verify: field(verify, 'How the sender proves itself'),
  challenge: field(
    v.union(
      [v.literal(false), text, challengeMapping],
      'the name of a handshake, a mapping with type and token, or false',
    ),
    'Handshake of the sender; false turns it off',
  ),
  response: field(response, 'What the sender is answered'),
  workflow: field(
    v.union([v.literal(false), text], 'the id of a workflow, or false'),
    'Workflow that a request starts; false starts none',
  ),
  input: field(template, 'Input of that workflow (default: the body)'),
  dedupe_by: field(textTemplate, 'What tells a repeated delivery, such as ${header.webhook-id}'),
}

const callbackFields = {
  ...sharedFields,
  identify_by: field(textTemplate, 'The id of the task that the callback belongs to'),
  status: field(textTemplate, 'Where the callback says how the task went'),
  success_when: field(scalars, 'Values of status that mean success'),
  fail_when: field(scalars, 'Values of status that mean failure'),
  result: field(template, 'What whoever waits receives (default: the item, else the body)'),
  error: field(
    template,
    'Where a failed callback says why, such as ${body.error.message}; the message of the wait quotes it',
  ),
  timeout: field(duration, 'How long a wait may last that names no limit itself (default 24h)'),
}

const requiredPath = { path: required(text, 'Path below base_path, in Express 5 syntax') }

const callback = v.strictObject({ ...callbackFields, ...requiredPath })

const trigger = v.strictObject({ ...sharedFields, ...requiredPath })

/** The keys of one callback, as they may also stand inline in a listener. */
export const CALLBACK_KEYS = Object.keys(callbackFields)

/** The keys of one trigger. */
export const TRIGGER_KEYS = Object.keys(sharedFields)

/** What a user writes for one entry of `callbacks`. */
export interface CallbackConfig extends v.InferInput<typeof callback> {}
/** What a user writes for one entry of `triggers`. */
export interface TriggerConfig extends v.InferInput<typeof trigger> {}

const callbackSchema: Shape<CallbackConfig> = callback
const triggerSchema: Shape<TriggerConfig> = trigger

const listener = v.strictObject({
  id: field(text, 'Name of the listener, for people'),
  type: field(oneOf(['http-callback', 'http-trigger']), 'Whether requests end waits or start workflows'),
  runtime: field(oneOf(['native', 'docker']), 'Where the listener runs (default native)'),
  host: field(text, 'Address to listen on when standalone (default 0.0.0.0)'),
  port: field(
    listenerPort,
    'Port to listen on when standalone, and the one a gateway exposes; 0 is any (default 8090)',
  ),
  base_path: field(anyText, 'Joined with the path of every callback'),
  public_url: field(publicUrl, 'Fixed public address of this listener'),
  max_concurrent_count: field(count, 'Callbacks in work at once; 0 is unbounded (default 0)'),
  max_queue: field(count, 'Callbacks that may queue for a place (default 1000)'),
  body_limit: field(size, 'Largest body (default 1mb)'),
  rate_limit: field(rate, 'Requests of each sender address that are taken, such as "100/m"; more are answered 429'),
  trust_forwarded: field(
    flag,
    'Whether the sender is the right-most address in X-Forwarded-For, behind a proxy of your own (default false)',
  ),
  callbacks: field(listOf(callbackSchema), 'The callbacks; a single one may stand inline instead'),
  triggers: field(listOf(triggerSchema), 'The triggers of an http-trigger listener'),
  ...callbackFields,
})

/** What a user writes for one listener: one callback inline, or several in `callbacks`. */
export interface ListenerConfig extends v.InferInput<typeof listener> {}

/** One listener. */
export const listenerSchema: Shape<ListenerConfig> = listener
