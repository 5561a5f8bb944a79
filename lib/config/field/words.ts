// The closed sets of words that a config may hold. A room that implements them types its table by these.

/** Methods that an endpoint answers. */
export const CALLBACK_METHODS = ['GET', 'POST', 'PUT', 'DELETE', 'PATCH'] as const
/** Methods that the http-client sends. */
export const REQUEST_METHODS = [...CALLBACK_METHODS, 'HEAD', 'OPTIONS'] as const
/** The levels of the logger. */
export const LOG_LEVELS = ['debug', 'info', 'warn', 'error'] as const
export type LogLevel = (typeof LOG_LEVELS)[number]

/** The kinds of components. */
export const COMPONENT_TYPES = ['http-client', 'http-server', 'logger'] as const
