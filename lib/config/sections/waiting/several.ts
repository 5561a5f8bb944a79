import type { Fields } from '../../field/fields'
import { readTable } from '../../field/read-table'
import { byHand, choice, field, listOf, orShort, type SpecOf, table } from '../../field/shape'
import {
  ANSWERED_SOURCES,
  REQUEST_SOURCES,
  textsTemplate,
  textTemplate,
  urlTemplate,
} from '../../field/template-sources'
import { DURATION } from '../../field/values'
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
import { OWN_WHEN, warnOfWhen } from './when'

const BRANCH = {
  name: NAME,
  id: field('id', textsTemplate(ANSWERED_SOURCES), 'The id to wait for (default: as without wait_for)'),
  path: field('path', urlTemplate(REQUEST_SOURCES), 'The endpoint that is called (default: that of the completion)'),
  timeoutMs: field('timeout', DURATION, 'How long to wait for this branch'),
  when: OWN_WHEN,
}

const SHORT_ID = { key: BRANCH.id.key, shape: textTemplate(ANSWERED_SOURCES) }

const BRANCHES = choice(
  [listOf(orShort(SHORT_ID, table(BRANCH, BRANCH_REFUSALS), BRANCH_WORDS))],
  'a list of branches; where a template makes the list, let this component have "completion: none" and wait in the next ' +
    'job: wait_for: {all: "${output.ids}"}',
)

const SEVERAL = table({
  any: byHand('any', BRANCHES, DESCRIPTIONS.any),
  all: byHand('all', BRANCHES, DESCRIPTIONS.all),
})

/** The key of a completion that names one id or several, or several branches. */
export const WAITED_FOR = byHand(
  'wait_for',
  choice([textsTemplate(ANSWERED_SOURCES), SEVERAL], 'an id, a list of ids, or a mapping with any or all'),
  'callback: the id or ids to wait for, or any or all of several callbacks',
)

/** Several callbacks that one request asks for. */
export interface SeveralSpec {
  readonly mode: Mode
  readonly branches: readonly SeveralBranchSpec[]
}

/** One of them; without ids and path it is told as without branches. */
export interface SeveralBranchSpec extends SpecOf<typeof BRANCH> {
  readonly at: string
}

/** Reads the branches of `wait_for` in a completion; undefined when it is no mapping. */
export function normalizeSeveral(completion: Fields): SeveralSpec | undefined {
  const fields = completion.mapping(WAITED_FOR.key)
  if (fields === undefined) return undefined
  const mode = findMode(fields)
  if (mode === undefined) {
    if (fields.keys.length === 0) completion.error(WAITED_FOR.key, 'expected "any" or "all", found an empty mapping')
    return undefined
  }
  if (completion.has('fallback'))
    completion.error('fallback', `stands beside "${mode}"; it asks for one callback, so write a component for each`)
  const branches = (listBranches(fields, mode) ?? []).map((one) => {
    if (!one.has(BRANCH.id.key) && !one.has(BRANCH.path.key))
      one.error(undefined, 'expected the id or the path of a callback, found neither')
    notePath(one)
    const spec = readTable(BRANCH, one)
    warnOfWhen(one, spec.when)
    return { ...spec, at: one.at }
  })
  return { mode, branches }
}
