import type { Template } from '../../../template/compile'
import { type Fields, noteCallbackPath } from '../../field/fields'
import { readTable } from '../../field/read-table'
import { byHand, choice, field, type InputOf, listOf, orShort, required, type SpecOf, table } from '../../field/shape'
import { JOB_SOURCES, textsTemplate, textTemplate } from '../../field/template-sources'
import { DURATION, type Kind, TEXT } from '../../field/values'

const ONE = {
  id: required('id', textsTemplate(JOB_SOURCES), 'The id to wait for; of several, a callback for any one is enough'),
  path: field('path', TEXT, 'The endpoint that is called'),
  timeoutMs: field('timeout', DURATION, 'How long to wait'),
}

const BRANCH = { name: field('name', TEXT, 'Name of the branch; all branches have one, or none has'), ...ONE }

const NESTED = 'a branch is one wait; write a job for each group, and read their outputs in a third one'

/** A lone text is the id. */
const SHORT_ID = { key: ONE.id.key, shape: textTemplate(JOB_SOURCES) }

const BRANCHES = choice(
  [
    textTemplate(JOB_SOURCES),
    listOf(
      orShort(
        SHORT_ID,
        table(BRANCH, { keys: { any: NESTED, all: NESTED } }),
        'an id to wait for, or a mapping with id, path, timeout and name',
      ),
    ),
  ],
  'a list of branches, or a template that makes a list of ids',
)

const KEYS = {
  id: byHand(ONE.id.key, ONE.id.shape, ONE.id.description),
  any: byHand('any', BRANCHES, 'Waits for the first callback of several branches; the others are cancelled'),
  all: byHand('all', BRANCHES, 'Waits for the callbacks of all branches; the first that fails cancels the others'),
  path: ONE.path,
  timeoutMs: ONE.timeoutMs,
}

/** What a user writes for `wait_for`, unless it is just the id. */
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
  readonly mode: 'any' | 'all'
  readonly branches: readonly BranchSpec[]
  /** Makes a list of ids, each of which is a branch; then `branches` is empty. */
  readonly ids: Template | undefined
  /** The endpoint of branches that name none. */
  readonly path: string | undefined
  /** How long all of them may take together. */
  readonly timeoutMs: number | undefined
}

/** Reads `wait_for` of a job; undefined when it has none, or when it is wrong, which is reported. */
export function normalizeWaitFor(job: Fields): WaitSpec | undefined {
  const fields = job.mapping('wait_for', ONE.id.key)
  if (fields === undefined) return undefined
  notePath(fields)
  const [mode, other] = (['any', 'all'] as const).filter((key) => fields.has(key))
  if (other !== undefined) fields.error(other, `stands beside "${mode}"; keep one of them, or write a job for each`)
  if (mode !== undefined) return readBranches(fields, mode)
  if (!fields.has(ONE.id.key))
    fields.error(ONE.id.key, 'missing; expected a template of the id to wait for, or "any" or "all"')
  const spec = readTable(ONE, fields)
  return spec && { mode: 'one', ...spec }
}

/** Lists the templates that make the ids of a wait. */
export function listIdTemplates(wait: WaitSpec): readonly Template[] {
  if (wait.mode === 'one') return [wait.id]
  return [...wait.branches.map(({ id }) => id), ...(wait.ids ? [wait.ids] : [])]
}

/** Lists the endpoints that a wait names; undefined stands for any endpoint. */
export function listWaitPaths(wait: WaitSpec): readonly (string | undefined)[] {
  return wait.mode === 'one' || wait.ids ? [wait.path] : wait.branches.map(({ path }) => path ?? wait.path)
}

const LIST: Kind<readonly unknown[]> = {
  expected: 'a list',
  read: (value) => (Array.isArray(value) ? value : undefined),
}

function readBranches(fields: Fields, mode: BranchesSpec['mode']): BranchesSpec {
  if (fields.has(ONE.id.key))
    fields.error(ONE.id.key, `stands beside "${mode}"; write it as a branch: ${mode}: [{id: …}, …]`)
  const { path, timeoutMs } = readTable({ path: ONE.path, timeoutMs: ONE.timeoutMs }, fields)
  const listed = fields.read(mode, LIST)
  if (listed === undefined) return { mode, branches: [], ids: readIds(fields, mode), path, timeoutMs }
  if (listed.length === 0) fields.error(mode, 'expected the branches to wait for, found an empty list')
  if (listed.length === 1)
    fields.warn(mode, `one branch alone needs no "${mode}"; write its id, path and timeout in wait_for itself`)
  const placed = fields.mappings(mode, ONE.id.key)
  checkNames(placed)
  const branches = placed.flatMap((one): readonly BranchSpec[] => {
    notePath(one)
    const spec = readTable(BRANCH, one)
    return spec === undefined ? [] : [{ ...spec, at: one.at }]
  })
  return { mode, branches, ids: undefined, path, timeoutMs }
}

function readIds(fields: Fields, mode: BranchesSpec['mode']): Template | undefined {
  const ids = fields.template(mode, JOB_SOURCES)
  if (ids?.references.length === 0)
    fields.error(mode, 'this text is no list; write the branches as a list, or a template such as "${input.ids}"')
  return ids
}

/** The results of named branches make a mapping, those of others a list. */
function checkNames(branches: readonly Fields[]): void {
  const known = new Map<string, Fields>()
  for (const fields of branches) {
    const name = fields.read(BRANCH.name.key, TEXT)
    if (name === undefined) continue
    const other = known.get(name)
    if (other) fields.error(BRANCH.name.key, `"${name}" is the name of ${other.at} too; name each branch differently`)
    known.set(name, fields)
  }
  const nameless = branches.find((fields) => !fields.has(BRANCH.name.key))
  if (known.size > 0) nameless?.error(BRANCH.name.key, 'missing; another branch has a name, so give one to each')
}

function notePath(fields: Fields): void {
  noteCallbackPath(fields, fields.read(ONE.path.key, TEXT))
}
