import type { Template } from '../../../template/compile'
import { type Fields, noteCallbackPath } from '../../field/fields'
import { field } from '../../field/shape'
import { type Kind, TEXT } from '../../field/values'

/** Whether the first of several callbacks is waited for, or all of them. */
export type Mode = 'any' | 'all'

/** The key of every branch that says what its result is called. */
export const NAME = field('name', TEXT, 'Name of the branch; all branches have one, or none has')

const NESTED = 'a branch is one wait; write a job for each group, and read their outputs in another one'

/** What a branch refuses. */
export const BRANCH_REFUSALS = { keys: { any: NESTED, all: NESTED } } as const

/** A lone text is the id of a branch, and so the branch. */
export const BRANCH_WORDS = 'an id to wait for, or a mapping with id, path, timeout and name'

/** The sentences that an editor shows for the two keys. */
export const DESCRIPTIONS: Readonly<Record<Mode, string>> = {
  any: 'Waits for the first callback of several branches; the others are cancelled',
  all: 'Waits for the callbacks of all branches; the first that fails cancels the others',
}

/** Finds which of the two keys a mapping has; to have both is an error. */
export function findMode(fields: Fields): Mode | undefined {
  const [mode, other] = (['any', 'all'] as const).filter((key) => fields.has(key))
  if (other !== undefined) fields.error(other, `stands beside "${mode}"; keep one of them, or write a job for each`)
  return mode
}

const LIST: Kind<readonly unknown[]> = {
  expected: 'a list',
  read: (value) => (Array.isArray(value) ? value : undefined),
}

/** Lists the branches under a key; undefined when it holds no list. Their names, and their number, are checked. */
export function listBranches(fields: Fields, mode: Mode): readonly Fields[] | undefined {
  const listed = fields.read(mode, LIST)
  if (listed === undefined) return undefined
  if (listed.length === 0) fields.error(mode, 'expected the branches to wait for, found an empty list')
  if (listed.length === 1) fields.warn(mode, `one branch alone needs no "${mode}"; write what it waits for without it`)
  const branches = fields.mappings(mode, 'id')
  checkNames(branches)
  return branches
}

/** The results of named branches make a mapping, those of others a list. */
function checkNames(branches: readonly Fields[]): void {
  const known = new Map<string, Fields>()
  for (const fields of branches) {
    const name = fields.read(NAME.key, TEXT)
    if (name === undefined) continue
    const other = known.get(name)
    if (other) fields.error(NAME.key, `"${name}" is the name of ${other.at} too; name each branch differently`)
    known.set(name, fields)
  }
  const nameless = branches.find((fields) => !fields.has(NAME.key))
  if (known.size > 0) nameless?.error(NAME.key, 'missing; another branch has a name, so give one to each')
}

/** Refuses an output that asks which branch came first, where no branch does. */
export function refuseBranch(fields: Fields, output: Template | undefined, mode: string | undefined): void {
  if (mode === 'any' || !output?.references.some(({ source }) => source === 'branch')) return
  fields.error('output', '"branch" has no value here; it says which branch of a wait_for with "any" came first')
}

/** Notes the endpoint that a wait names, to be looked up when the listeners are read. */
export function notePath(fields: Fields): void {
  noteCallbackPath(fields, fields.read('path', TEXT))
}
