import type { Template } from '../../../template/compile'
import type { Fields } from '../../field/fields'
import { readTable } from '../../field/read-table'
import { byHand, choice, field, type InputOf, listOf, orShort, required, type SpecOf, table } from '../../field/shape'
import { JOB_SOURCES, textsTemplate, textTemplate } from '../../field/template-sources'
import { DURATION, TEXT } from '../../field/values'
import {
  BRANCH_REFUSALS,
  BRANCH_WORDS,
  DESCRIPTIONS,
  findMode,
  listBranches,
  type Mode,
  NAME,
  notePath,
} from './branches'
import { warnOfWhen, WHEN } from './when'

const ONE = {
  id: required('id', textsTemplate(JOB_SOURCES), 'The id to wait for; of several, a callback for any one is enough'),
  path: field('path', TEXT, 'The endpoint that is called'),
  timeoutMs: field('timeout', DURATION, 'How long to wait'),
  when: WHEN,
}

const BRANCH = { name: NAME, ...ONE }

/** A lone text is the id. */
const SHORT_ID = { key: ONE.id.key, shape: textTemplate(JOB_SOURCES) }

const BRANCHES = choice(
  [textTemplate(JOB_SOURCES), listOf(orShort(SHORT_ID, table(BRANCH, BRANCH_REFUSALS), BRANCH_WORDS))],
  'a list of branches, or a template that makes a list of ids',
)

const KEYS = {
  id: byHand(ONE.id.key, ONE.id.shape, ONE.id.description),
  any: byHand('any', BRANCHES, DESCRIPTIONS.any),
  all: byHand('all', BRANCHES, DESCRIPTIONS.all),
  path: ONE.path,
  timeoutMs: ONE.timeoutMs,
  when: ONE.when,
}

/** What a user writes for `wait_for` of a job, unless it is just the id. */
export interface WaitForConfig extends InputOf<typeof KEYS> {}

/** A wait for one callback or for several; a lone text is the id of one. */
export const WAIT_FOR = orShort(SHORT_ID, table(KEYS), 'an id to wait for, or a mapping with id, any or all')

/** What a job without a component waits for. */
export type WaitSpec = OneWaitSpec | BranchesSpec

/** A wait for one callback; without a path, of any endpoint. */
export interface OneWaitSpec extends SpecOf<typeof ONE> {
  readonly mode: 'one'
}

/** One of several waits of a job. */
export interface BranchSpec extends SpecOf<typeof BRANCH> {
  readonly at: string
}

/** Several waits of one job. */
export interface BranchesSpec {
  readonly mode: Mode
  readonly branches: readonly BranchSpec[]
  /** Makes a list of ids, each of which is a branch; then `branches` is empty. */
  readonly ids: Template | undefined
  /** The endpoint of branches that name none. */
  readonly path: string | undefined
  /** How long all of them may take together. */
  readonly timeoutMs: number | undefined
  /** Decides for branches without a `when` of their own whether a callback ends them. */
  readonly when: Template | undefined
}

/** Reads `wait_for` of a job; undefined when it has none, or when it is wrong, which is reported. */
export function normalizeWaitFor(job: Fields): WaitSpec | undefined {
  const fields = job.mapping('wait_for', ONE.id.key)
  if (fields === undefined) return undefined
  notePath(fields)
  const mode = findMode(fields)
  if (mode !== undefined) return readBranches(fields, mode)
  if (!fields.has(ONE.id.key))
    fields.error(ONE.id.key, 'missing; expected a template of the id to wait for, or "any" or "all"')
  const spec = readTable(ONE, fields)
  warnOfWhen(fields, spec?.when)
  return spec && { mode: 'one', ...spec }
}

/** Lists the templates of a wait. */
export function listWaitTemplates(wait: WaitSpec): readonly Template[] {
  const own = wait.mode === 'one' ? [wait.id] : [wait.ids, ...wait.branches.flatMap(({ id, when }) => [id, when])]
  return [...own, wait.when].filter((one) => one !== undefined)
}

/** Lists the endpoints that a wait names; undefined stands for any endpoint. */
export function listWaitPaths(wait: WaitSpec): readonly (string | undefined)[] {
  return wait.mode === 'one' || wait.ids ? [wait.path] : wait.branches.map(({ path }) => path ?? wait.path)
}

function readBranches(fields: Fields, mode: Mode): BranchesSpec {
  if (fields.has(ONE.id.key))
    fields.error(ONE.id.key, `stands beside "${mode}"; write it as a branch: ${mode}: [{id: …}, …]`)
  const { path, timeoutMs, when } = readTable({ path: ONE.path, timeoutMs: ONE.timeoutMs, when: ONE.when }, fields)
  warnOfWhen(fields, when)
  const placed = listBranches(fields, mode)
  if (placed === undefined) return { mode, branches: [], ids: readIds(fields, mode), path, timeoutMs, when }
  const branches = placed.flatMap((one): readonly BranchSpec[] => {
    notePath(one)
    const spec = readTable(BRANCH, one)
    warnOfWhen(one, spec?.when)
    return spec === undefined ? [] : [{ ...spec, at: one.at }]
  })
  return { mode, branches, ids: undefined, path, timeoutMs, when }
}

function readIds(fields: Fields, mode: Mode): Template | undefined {
  const ids = fields.template(mode, JOB_SOURCES)
  if (ids?.references.length === 0)
    fields.error(mode, 'this text is no list; write the branches as a list, or a template such as "${input.ids}"')
  return ids
}
