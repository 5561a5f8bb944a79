import * as v from 'valibot'
import { refusing } from '../foreign/foreign'
import { anyText, field, listenerPort, oneOf, required, type Shape, text } from './fields'
import { CONTROLLER_KEYS, CONTROLLER_REFUSALS } from '../foreign/schema'

const controller = v.strictObject({
  type: field(oneOf(['http-server']), 'Kind of controller (default http-server)'),
  host: field(text, 'Address to listen on (default 127.0.0.1)'),
  port: field(listenerPort, 'Port to listen on, 0 for any that is free (default 8080)'),
  base_path: field(anyText, 'Path before every route'),
  ssl: field(
    v.strictObject({
      cert: required(text, 'Certificate file'),
      key: required(text, 'Private key file'),
    }),
    'Serves HTTPS',
  ),
  auth: field(
    v.strictObject({
      type: field(oneOf(['bearer']), 'Kind of authentication (default bearer)'),
      token: required(text, 'Token that a request must carry'),
    }),
    'Who may call the controller',
  ),
  ...CONTROLLER_KEYS,
})

/** What a user writes for the controller. */
export interface ControllerConfig extends v.InferInput<typeof controller> {}

/** The controller: the HTTP API over tasks. */
export const controllerSchema: Shape<ControllerConfig> = refusing(controller, CONTROLLER_REFUSALS)
