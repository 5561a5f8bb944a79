import type { EndpointSpec } from '../../config/normalize'
import type { Reference } from '../../template/compile'
import type { UnsignedRequest } from '../../verify/contract'
import { compileWriteAt } from '../../verify/signature/draft'
import { UsageError } from '../syntax/usage-error'

/** Where a ticket has its id, which is found without `identify_by`. */
const TICKET: Place = { source: 'query', path: ['callback_id'], isQuery: false }

type Place = Pick<Reference, 'source' | 'path' | 'isQuery'>

/** Returns the name of the parameter of the route that holds the id; undefined where none does. */
export function paramOfId(endpoint: EndpointSpec): string | undefined {
  const [place] = placesOf(endpoint)
  return place?.source === 'params' ? String(place.path[0]) : undefined
}

/** Writes an id where `identify_by` reads it. Throws a UsageError for a template that reads it elsewhere. */
export function withId(request: UnsignedRequest, id: string, endpoint: EndpointSpec): UnsignedRequest {
  for (const place of placesOf(endpoint)) {
    const written = compileWriteAt(place)?.(request, id)
    if (written !== undefined) return written
  }
  const template = JSON.stringify(endpoint.identifyBy?.source)
  throw new UsageError(
    `--id cannot be written where identify_by reads it (${template}); use --set, --header or --param`,
  )
}

function placesOf({ identifyBy, item, bulk }: EndpointSpec): readonly Place[] {
  if (identifyBy === undefined) return [TICKET]
  const [list] = item?.references ?? []
  return identifyBy.references.map(({ source, path, isQuery }) => {
    if (source !== 'item' || list === undefined) return { source, path, isQuery }
    const start = bulk ? [...list.path, 0] : list.path
    return { source: list.source, path: [...start, ...path], isQuery: isQuery || list.isQuery }
  })
}
