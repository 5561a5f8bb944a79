import { compileTemplate, type Template } from './compile'
import { type Node, parseTemplate } from './parse'

/** A placeholder inside a longer text. */
export interface Placeholder {
  /** As it is written, with `${` and `}`. */
  readonly text: string
  readonly render: Template['render']
  /** The sources that it reads. */
  readonly sources: readonly string[]
  /** Whether its last default is `""`. */
  readonly mayBeEmpty: boolean
  /** Whether its value was percent-encoded already, by `as urlencoded`. */
  readonly isEncoded: boolean
}

/**
 * Splits a text into literal text and placeholders, each compiled by itself; `at` is the place for messages. Throws a
 * TemplateSyntaxError for a text that was not checked before.
 */
export function splitTemplate(text: string, at: string): readonly (string | Placeholder)[] {
  const node = parseTemplate(text)
  const parts: readonly (string | Node)[] = node.kind === 'text' ? node.parts : [node]
  return parts.flatMap((part): (string | Placeholder)[] => {
    if (typeof part === 'string') return [part]
    if (part.kind === 'placeholder') return [compilePlaceholder(part, at)]
    return part.kind === 'literal' ? [String(part.value)] : []
  })
}

function compilePlaceholder({ text, types, fallback }: Node & { kind: 'placeholder' }, at: string): Placeholder {
  const { render, references } = compileTemplate(text, { at })
  const sources = references.map(({ source }) => source)
  return { text, render, sources, mayBeEmpty: endsEmpty(fallback), isEncoded: types.at(-1) === 'urlencoded' }
}

/** Defaults that stand in a row are nested, the last one innermost. */
function endsEmpty(fallback: Node | undefined): boolean {
  if (fallback?.kind === 'placeholder') return endsEmpty(fallback.fallback)
  return fallback?.kind === 'literal' && fallback.value === ''
}
