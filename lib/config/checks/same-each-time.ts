import type { Template } from '../../template/compile'
import { parseTemplate } from '../../template/parse'
import type { Fields } from '../field/fields'
import { findForeignMark } from '../field/foreign-marks'

/**
 * Warns of a `when` that is true for every callback. There are no comparisons in templates: `${body.type} == "done"` is a
 * text, and a text that is not empty says yes.
 */
export function warnOfText(fields: Fields, when: Template | undefined): void {
  if (when === undefined || when.references.length === 0) return
  const node = parseTemplate(String(when.source))
  if (node.kind !== 'text' || !node.parts.some((part) => typeof part === 'string' && part.trim() !== '')) return
  const message =
    `${JSON.stringify(when.source)} is a text that is never empty, so that every callback counts; write one template alone, such ` +
    'as "${body.livemode}". Values are compared by status with success_when and fail_when'
  fields.warn('when', message)
}

/** Warns of a template without any `${ }`; the likeliest mistake is a path without them. */
export function warnOfConstant(
  fields: Fields,
  key: string,
  template: Template | undefined,
  sources: ReadonlySet<string>,
): void {
  if (template === undefined || template.references.length > 0) return
  // Reading the template has warned of it already.
  if (findForeignMark(template.source, sources, false)) return
  const written = String(template.source)
  const meant = /^\{\{(.*)\}\}$/.exec(written)?.[1]?.trim() ?? written
  const advice = /^(?!(?:true|false)$)[\p{L}_]/u.test(meant)
    ? `did you mean "\${${meant}}"?`
    : 'write where it stands, such as "${body.id}"'
  fields.warn(key, `"${written}" is the same for every callback; ${advice}`)
}
