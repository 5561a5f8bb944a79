import type { Config } from '../../config/normalize'
import { findNearest } from '../../base/values/nearest'
import type { Problem } from '../../base/errors'
import type { Endpoint } from '../../listener/endpoint'
import { createRouteTable } from '../../listener/paths/route-table'
import { toPathKey } from '../../base/same-path'
import { listLiteralTexts } from '../config-texts'
import { isCalledHere, listPaths, type PublicPlaces } from './public-places'
import { parseToldUrl, type ToldUrl } from './told-urls'

/** Warns of URLs that lead here, but to no endpoint: a job does not wait for them, and a callback to them is lost. */
export interface StrayUrls {
  /** Those that the config writes out. */
  listWritten(config: Config): readonly Problem[]
  /** Those of a request, each path once. */
  listSent(told: readonly ToldUrl[]): readonly Problem[]
  /** Whether there are endpoints that a URL could lead to. */
  readonly hasEndpoints: boolean
}

/** How many paths are looked at, and how many are reported; they may come from input. */
const MAX_SEEN = 1000
const MAX_SAID = 100

/** How many of the paths that a URL may stand for are compared with every endpoint. */
const MAX_COMPARED = 4

/** A host app has pages of its own: a path that is near no endpoint counts only under a name like these. */
const TELLING = /call.?back|hook|notif|reply|post.?back|return.?ur|on.?(?:complet|success|fail|error|done|finish)/i

/** Creates the search for stray URLs. All `endpoints` count as known, triggers and any method too. */
export function createStrayUrls(endpoints: readonly Endpoint[], places: PublicPlaces): StrayUrls {
  const table = createRouteTable(endpoints.map(({ path }) => ({ method: '', path })))
  const paths = [...new Set(endpoints.map(({ path }) => path))]
  const seen = new Set<string>()
  const said = new Set<string>()

  function describe({ url, name, hasSpaces }: ToldUrl): string | undefined {
    if (hasSpaces || seen.size >= MAX_SEEN || said.size >= MAX_SAID) return undefined
    const key = `${name} ${url.pathname}`
    if (seen.has(key) || said.has(url.pathname) || !isCalledHere(url, places)) return undefined
    const below = listPaths(url, places)
    if (below.some((path) => table.find('', path))) return undefined
    seen.add(key)
    const nearest = below
      .slice(0, MAX_COMPARED)
      .map((path) => findNearest(toPathKey(path), paths))
      .find((path) => path !== undefined)
    if (nearest === undefined && !TELLING.test(name)) return undefined
    said.add(url.pathname)
    const advice = nearest === undefined ? `there are ${listSome(paths)}` : `did you mean "${nearest}"?`
    return `${url.origin}${url.pathname} leads here, but no callback has that path, so that nothing waits for it; ${advice}`
  }

  return {
    listWritten: (config) =>
      listLiteralTexts(config).flatMap(({ at, location, name, text }) => {
        const told = parseToldUrl(text, name)
        const message = endpoints.length === 0 ? undefined : told && describe(told)
        return message === undefined ? [] : [{ code: 'ERR_ENDPOINT_UNKNOWN', at, location, message }]
      }),
    listSent: (told) =>
      told.flatMap((one) => {
        const message = describe(one)
        return message === undefined ? [] : [{ code: 'ERR_ENDPOINT_UNKNOWN', at: '', message }]
      }),
    hasEndpoints: endpoints.length > 0,
  }
}

function listSome(paths: readonly string[]): string {
  const shown = paths.slice(0, 5).join(', ')
  return paths.length > 5 ? `${shown} and ${paths.length - 5} more` : shown
}
