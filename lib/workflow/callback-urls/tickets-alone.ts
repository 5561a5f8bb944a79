import type { Config, HttpClientSpec } from '../../config/normalize'
import { listWaitPaths } from '../../config/sections/waiting/wait-for'
import { hasPlaceholder } from '../../config/field/placeholder'
import type { Template } from '../../template/compile'
import type { Endpoint } from '../../listener/endpoint'
import { isSamePath } from '../../base/same-path'
import { listClients, listJobs, textsIn } from '../config-texts'

/**
 * Returns whether all that the config has wait on an endpoint is found by a ticket, whose id nobody can guess. The endpoint reads
 * no other id, and starts nothing.
 */
export function compileTicketsAlone(config: Config): (endpoint: Endpoint) => boolean {
  const clients = listClients(config)
  const jobPaths = listJobs(config).flatMap(({ waitFor }) => (waitFor === undefined ? [] : listWaitPaths(waitFor)))
  return (endpoint) => {
    if (!endpoint.anonymous || endpoint.start !== undefined) return false
    if (jobPaths.some((path) => path === undefined || isNamed(path, endpoint))) return false
    const waiting = clients.filter((client) => mayWaitOn(client, endpoint))
    return waiting.length > 0 && waiting.every(readsTicket)
  }
}

function readsTicket({ templates }: HttpClientSpec): boolean {
  return templates.some(({ references }) => references.some(({ source }) => source === 'callback'))
}

/** Without a path, the request says which endpoint is called: by a ticket's URL, or by one that is written there. */
function mayWaitOn(client: HttpClientSpec, endpoint: Endpoint): boolean {
  const { completion } = client
  if (completion === undefined) return readsTicket(client) || writesPath(client, endpoint)
  if (completion.type !== 'callback') return false
  const branches = completion.several?.branches.map(({ path }) => path ?? completion.path) ?? [completion.path]
  return branches.some((path) => mayBe(path, endpoint))
}

function mayBe(path: Template | undefined, endpoint: Endpoint): boolean {
  const written = path?.source
  return typeof written !== 'string' || hasPlaceholder(written) || isNamed(written, endpoint)
}

function writesPath({ params, headers, body }: HttpClientSpec, { path }: Endpoint): boolean {
  const sources = [params, headers, body].map((template) => template?.source)
  return [...textsIn(sources)].some(({ text }) => text.includes(path))
}

function isNamed(path: string, { key, path: whole, spec }: Endpoint): boolean {
  return path === key || isSamePath(path, whole) || isSamePath(path, spec.path)
}
