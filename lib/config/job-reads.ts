import type { Template } from '../template/compile'
import { type Node, parseTemplate } from '../template/parse'
import { TemplateSyntaxError } from '../template/scanner'
import { isMapping } from './plain'

/** A path in a template that reads one job, such as `${jobs.draw.output.url}`. */
export interface JobRead {
  readonly id: string
  /** As it is written. */
  readonly text: string
  /** Whether a `| default` stands behind it. */
  readonly hasDefault: boolean
}

/**
 * Lists the jobs that a template reads by their id. The tree is asked, since a reference leaves out `[*]` and slices:
 * `jobs[*].output` reads no job that is called "output".
 */
export function listJobReads({ source, references }: Template): readonly JobRead[] {
  if (!references.some((reference) => reference.source === 'jobs')) return []
  return listTexts(source).flatMap((text) => readsOf(parse(text), false))
}

function listTexts(value: unknown): readonly string[] {
  if (typeof value === 'string') return [value]
  if (Array.isArray(value)) return value.flatMap(listTexts)
  return isMapping(value) ? Object.values(value).flatMap(listTexts) : []
}

/** A broken text was reported when its template was compiled; it reads nothing. */
function parse(text: string): Node {
  try {
    return parseTemplate(text)
  } catch (error) {
    if (error instanceof TemplateSyntaxError) return { kind: 'literal', value: text }
    throw error
  }
}

function readsOf(node: Node, hasDefault: boolean): readonly JobRead[] {
  switch (node.kind) {
    case 'literal':
      return []
    case 'path':
      return readOf(node, hasDefault)
    case 'arithmetic':
      return [...readsOf(node.left, hasDefault), ...readsOf(node.right, hasDefault)]
    case 'placeholder': {
      const { value, fallback } = node
      if (fallback === undefined) return readsOf(value, hasDefault)
      return [...readsOf(value, true), ...readsOf(fallback, hasDefault)]
    }
    case 'member':
      return readsOf(node.value, hasDefault)
    case 'text':
      return node.parts.flatMap((part) => (typeof part === 'string' ? [] : readsOf(part, false)))
  }
}

function readOf({ source, steps: [step], text }: Node & { kind: 'path' }, hasDefault: boolean): readonly JobRead[] {
  if (source !== 'jobs') return []
  const written = `\${${text}}`
  if (step?.kind === 'key') return [{ id: step.key, text: written, hasDefault }]
  return step?.kind === 'index' ? [{ id: String(step.index), text: written, hasDefault }] : []
}
