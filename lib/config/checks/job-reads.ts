import type { Template } from '../../template/compile'
import { listPaths, type ReadPath } from '../../template/list-paths'

/** A path in a template that reads one job, such as `${jobs.draw.output.url}`. */
export interface JobRead {
  readonly id: string
  /** As it is written. */
  readonly text: string
  /** Whether a `| default` stands behind it. */
  readonly hasDefault: boolean
}

/** Lists the jobs that a template reads by their id: `jobs[*].output` reads no job that is called "output". */
export function listJobReads({ source, references }: Template): readonly JobRead[] {
  if (!references.some((reference) => reference.source === 'jobs')) return []
  return listPaths(source).flatMap(readOf)
}

function readOf({ source, steps: [step], text, hasDefault }: ReadPath): readonly JobRead[] {
  if (source !== 'jobs') return []
  const written = `\${${text}}`
  if (step?.kind === 'key') return [{ id: step.key, text: written, hasDefault }]
  return step?.kind === 'index' ? [{ id: String(step.index), text: written, hasDefault }] : []
}
