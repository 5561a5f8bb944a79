import type { Config, HttpClientSpec, JobSpec } from '../../config/normalize'
import { formatPath } from '../../base/config-path'
import { hasPlaceholder, unescapePlaceholders } from '../../config/field/placeholder'
import type { Location } from '../../base/errors'

/** A text of the config that a component may send as it stands. */
export interface LiteralText {
  readonly at: string
  readonly location: Location | undefined
  /** The key that it stands under. */
  readonly name: string
  readonly text: string
}

/**
 * Lists the literal texts in bodies, params and headers of components and in inputs of jobs. The public URL of a gateway
 * is written as the local one, and a query that is a template is left out, so that the path before it can be checked.
 */
export function listLiteralTexts(config: Config): readonly LiteralText[] {
  const clients = [...(config.components?.values() ?? [])].filter((component) => component.type === 'http-client')
  return [...clients.flatMap(listOfClient), ...listJobs(config).flatMap(listOfJob)]
}

function listOfClient({ at, location, params, headers, baseHeaders, body }: HttpClientSpec): readonly LiteralText[] {
  return Object.entries({ params, headers, baseHeaders, body }).flatMap(([key, template]) =>
    [...listTexts(template?.source, [key === 'baseHeaders' ? 'headers' : key])].map((found) => ({
      ...found,
      at: `${at}.${found.at}`,
      location,
    })),
  )
}

function listOfJob({ at, location, input }: JobSpec): readonly LiteralText[] {
  return [...listTexts(input?.source, ['input'])].map((found) => ({ ...found, at: `${at}.${found.at}`, location }))
}

/** All jobs, also those that stand in for others. */
function listJobs({ workflows }: Config): readonly JobSpec[] {
  const withStandIns = (job: JobSpec): readonly JobSpec[] => [job, ...job.onError.flatMap(withStandIns)]
  return [...workflows.values()].flatMap(({ jobs }) => jobs.flatMap(withStandIns))
}

function* listTexts(
  source: unknown,
  path: readonly (string | number)[],
): Generator<Pick<LiteralText, 'at' | 'name' | 'text'>> {
  if (typeof source === 'string') {
    const text = toLiteral(source)
    const name = path.findLast((step) => typeof step === 'string') ?? ''
    if (text !== undefined) yield { at: formatPath(path), name, text }
  } else if (typeof source === 'object' && source !== null) {
    for (const [key, item] of Object.entries(source))
      yield* listTexts(item, [...path, Array.isArray(source) ? Number(key) : key])
  }
}

function toLiteral(source: string): string | undefined {
  const local = source.replaceAll(/\$\{\s*gateway:(\d+)\.public_url\s*\}/g, 'http://localhost:$1')
  const head = hasPlaceholder(local) ? local.replace(/[?#].*$/s, '') : local
  return hasPlaceholder(head) ? undefined : unescapePlaceholders(head)
}
