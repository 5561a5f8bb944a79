import type { AnswerCode } from '../../base/errors'
import type { Schema, SchemaName } from './schemas'

/** What people and programs are told of a route. */
export interface RouteDoc {
  readonly summary: string
  /** The parameters of its query, all optional. */
  readonly query?: Readonly<Record<string, Schema>>
  /** The schema of its JSON body. */
  readonly body?: SchemaName
  /** What it answers by status: JSON of a schema, text of another media type, or nothing. */
  readonly answers: Readonly<Record<number, SchemaName | `text/${string}`>>
  /** The codes of its own refusals; those of the token, of actions and of bodies are added. */
  readonly errors?: readonly AnswerCode[]
}
