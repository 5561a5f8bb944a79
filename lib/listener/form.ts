import { parse } from 'node:querystring'

/**
 * Reads a form or a query: a name that comes several times holds a list. Node reads 1,000 names and drops the rest
 * unless it is told otherwise; here the limits of body and headers are limit enough.
 */
export function parseForm(text: string): Readonly<Record<string, unknown>> {
  return { ...parse(text, '&', '=', { maxKeys: 0 }) }
}
