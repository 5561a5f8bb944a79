// What a template may read, by the place where it stands (section 4 of the design).

/** Fields of callbacks and triggers. */
export const LISTENER_SOURCES: ReadonlySet<string> = new Set([
  'body',
  'query',
  'header',
  'params',
  'method',
  'path',
  'item',
  'index',
  'env',
])

/** The text that a sender signs. */
export const SIGNED_SOURCES: ReadonlySet<string> = new Set([
  'timestamp',
  'id',
  'raw',
  'sha256',
  'url',
  'method',
  'header',
  'body',
  'item',
  'env',
])

/** Components, jobs and workflows. */
export const WORKFLOW_SOURCES: ReadonlySet<string> = new Set([
  'input',
  'env',
  'context',
  'gateway',
  'jobs',
  'response',
  'result',
  'output',
  'error',
  'callback',
  'item',
  'index',
])
