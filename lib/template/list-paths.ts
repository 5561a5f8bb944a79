import { type Node, parseTemplate } from './parse'
import { TemplateSyntaxError } from './scanner'
import type { Step } from './steps'

/** One path that a template reads, with all of its steps. */
export interface ReadPath {
  readonly source: string
  readonly steps: readonly Step[]
  /** As it is written between `${` and `}`. */
  readonly text: string
  /** Whether a `| default` follows it. */
  readonly hasDefault: boolean
}

/**
 * Lists the paths that a template of any shape reads. The tree is asked, since the references of a compiled template
 * leave out `[*]` and slices. A broken text was reported when its template was compiled; it reads nothing.
 */
export function listPaths(source: unknown): readonly ReadPath[] {
  if (typeof source === 'string') return pathsOf(parse(source), false)
  if (Array.isArray(source)) return source.flatMap(listPaths)
  return typeof source === 'object' && source !== null ? Object.values(source).flatMap(listPaths) : []
}

function parse(text: string): Node {
  try {
    return parseTemplate(text)
  } catch (error) {
    if (error instanceof TemplateSyntaxError) return { kind: 'literal', value: text }
    throw error
  }
}

function pathsOf(node: Node, hasDefault: boolean): readonly ReadPath[] {
  switch (node.kind) {
    case 'literal':
      return []
    case 'path':
      return [{ source: node.source, steps: node.steps, text: node.text, hasDefault }]
    case 'arithmetic':
      return [...pathsOf(node.left, hasDefault), ...pathsOf(node.right, hasDefault)]
    case 'placeholder': {
      const { value, fallback } = node
      if (fallback === undefined) return pathsOf(value, hasDefault)
      return [...pathsOf(value, true), ...pathsOf(fallback, hasDefault)]
    }
    case 'member':
      return pathsOf(node.value, hasDefault)
    case 'text':
      return node.parts.flatMap((part) => (typeof part === 'string' ? [] : pathsOf(part, false)))
  }
}
