import type { Template } from '../../../template/compile'
import { warnOfConstant, warnOfText } from '../../checks/same-each-time'
import type { Fields } from '../../field/fields'
import { field } from '../../field/shape'
import { CALLBACK_SOURCES, OWN_CALLBACK_SOURCES, textTemplate } from '../../field/template-sources'

const KEY = 'when'
const WHETHER =
  'Whether a callback ends the wait, such as ${body.final}; one for which it is false is acknowledged and dropped'

/** The key of a job's wait that says which of its callbacks counts. */
export const WHEN = field(KEY, textTemplate(CALLBACK_SOURCES), WHETHER)

/** The same of a component's wait. */
export const OWN_WHEN = field(KEY, textTemplate(OWN_CALLBACK_SOURCES), WHETHER)

/** Warns of a `when` that is the same for every callback. */
export function warnOfWhen(fields: Fields, when: Template | undefined): void {
  warnOfText(fields, when)
  warnOfConstant(fields, KEY, when, CALLBACK_SOURCES)
}
