import type { Config, HttpClientSpec, JobSpec } from '../config/normalize'
import { type ConfigPath, formatPath } from '../base/values/config-path'
import { hasPlaceholder, unescapePlaceholders } from '../config/field/placeholder'
import type { Location } from '../base/errors'

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
  return [...listClients(config).flatMap(listOfClient), ...listJobs(config).flatMap(listOfJob)]
}

function listOfClient({ at, location, params, headers, baseHeaders, body }: HttpClientSpec): readonly LiteralText[] {
  return Object.entries({ params, headers, baseHeaders, body }).flatMap(([key, template]) =>
    listLiteralsIn(template?.source, key === 'baseHeaders' ? 'headers' : key, { at, location }),
  )
}

function listOfJob({ at, location, input }: JobSpec): readonly LiteralText[] {
  return listLiteralsIn(input?.source, 'input', { at, location })
}

/** Lists the components that send requests. */
export function listClients({ components }: Config): readonly HttpClientSpec[] {
  return [...(components?.values() ?? [])].filter((component) => component.type === 'http-client')
}

/** Lists all jobs, also those that stand in for others. */
export function listJobs({ workflows }: Config): readonly JobSpec[] {
  const withStandIns = (job: JobSpec): readonly JobSpec[] => [job, ...job.onError.flatMap(withStandIns)]
  return [...workflows.values()].flatMap(({ jobs }) => jobs.flatMap(withStandIns))
}

function listLiteralsIn(
  source: unknown,
  key: string,
  { at, location }: Pick<LiteralText, 'at' | 'location'>,
): readonly LiteralText[] {
  return [...textsIn(source, [key])].flatMap(({ path, text: written }) => {
    const text = toLiteral(written)
    const name = path.findLast((step) => typeof step === 'string') ?? key
    return text === undefined ? [] : [{ at: `${at}.${formatPath(path)}`, location, name, text }]
  })
}

/** Walks over a value of the config and yields each text in it, with the path that leads there. */
export function* textsIn(
  source: unknown,
  path: ConfigPath = [],
): Generator<{ readonly path: ConfigPath; readonly text: string }> {
  if (typeof source === 'string') yield { path, text: source }
  else if (typeof source === 'object' && source !== null) {
    for (const [key, item] of Object.entries(source))
      yield* textsIn(item, [...path, Array.isArray(source) ? Number(key) : key])
  }
}

function toLiteral(source: string): string | undefined {
  const local = source.replaceAll(/\$\{\s*gateway:(\d+)\.public_url\s*\}/g, 'http://localhost:$1')
  const head = hasPlaceholder(local) ? local.replace(/[?#].*$/s, '') : local
  return hasPlaceholder(head) ? undefined : unescapePlaceholders(head)
}
