import type { Problem } from '../../base/errors'
import { type ConfigPath, formatPath } from '../../base/values/config-path'
import { copyPlain, isMapping, type Mapping } from '../../base/values/plain'
import type { Locate } from '../field/report'
import { SECTIONS, type Section } from '../field/plural'
import type { ConfigDocument } from './source'

/** Several documents as one. */
export interface Merged {
  /** A copy of the data: texts, numbers, booleans, null, lists and mappings. */
  readonly data: unknown
  /** Returns the place that the author wrote for a path of the data. */
  readonly locate: Locate
  /** The files of the documents in their order; undefined for a document without a file. */
  readonly files: readonly (string | undefined)[]
  /** Problems of values that are no data, such as a function. */
  readonly problems: readonly Problem[]
}

/** A part of a document that moved when singular and plural were made alike. */
interface Move {
  readonly from: ConfigPath
  readonly to: ConfigPath
}

interface Layer {
  readonly document: ConfigDocument
  readonly data: unknown
  readonly moves: readonly Move[]
}

/**
 * Merges documents: mappings deeply, while a list or a text of a later document replaces the earlier one.
 *
 * Where some write a section in the singular and others in the plural, all are made plural first. A section that is
 * singular everywhere stays so, and is merged as the mapping that it is.
 */
export function mergeDocuments(documents: readonly ConfigDocument[]): Merged {
  const problems: Problem[] = []
  const layers = makeAlike(documents.map((document) => ({ document, data: copyData(document, problems), moves: [] })))
  const [first, ...rest] = layers
  const data = rest.reduce((merged, layer) => mergeData(merged, layer.data), first?.data)
  const files = documents.map((document) => document.locate([], 'key')?.file)
  return { data, problems, files, locate: createLocate(layers.toReversed()) }
}

function copyData(document: ConfigDocument, problems: Problem[]): unknown {
  return copyPlain(document.data, (path, message) => {
    const code = path.at(-1) === '__proto__' ? 'ERR_CONFIG_UNKNOWN_KEY' : 'ERR_CONFIG_VALUE'
    problems.push({ code, message, at: formatPath(path), location: document.locate(path, 'key') })
  })
}

function mergeData(base: unknown, over: unknown): unknown {
  if (!isMapping(base) || !isMapping(over)) return over
  const merged = Object.entries(over).map(([key, value]) => {
    return [key, Object.hasOwn(base, key) ? mergeData(base[key], value) : value] as const
  })
  return Object.fromEntries([...Object.entries(base), ...merged])
}

function makeAlike(layers: readonly Layer[]): readonly Layer[] {
  if (layers.length < 2) return layers
  return Object.values<Section>(SECTIONS).reduce<readonly Layer[]>((current, section) => {
    const isPluralSomewhere = current.some(({ data }) => isMapping(data) && Object.hasOwn(data, section.plural))
    return isPluralSomewhere ? current.map((layer) => toPlural(layer, section)) : current
  }, layers)
}

function toPlural(layer: Layer, section: Section): Layer {
  const { singular, plural, unnamed } = section
  if (!isMapping(layer.data)) return layer
  const { [singular]: one, [plural]: several, ...others } = layer.data
  if (isMapping(one) && several === undefined) {
    const name = unnamed === undefined ? 0 : (readId(one) ?? unnamed)
    const value = typeof name === 'number' ? [one] : { [name]: one }
    return moved(layer, { ...others, [plural]: value }, [{ from: [singular], to: [plural, name] }])
  }
  if (unnamed === undefined || !Array.isArray(several) || one !== undefined) return layer
  const ids = several.map(readId)
  // A list with a missing or repeated id stays as it is, so that it is reported as its author wrote it.
  if (ids.includes(undefined) || new Set(ids).size < ids.length) return layer
  const byName = Object.fromEntries(several.map((item: unknown, index) => [ids[index], item]))
  const moves = ids.map((id, index) => ({ from: [plural, index], to: [plural, id ?? index] }))
  return moved(layer, { ...others, [plural]: byName }, moves)
}

function moved(layer: Layer, data: Mapping, moves: readonly Move[]): Layer {
  return { ...layer, data, moves: [...layer.moves, ...moves] }
}

function readId(value: unknown): string | undefined {
  return isMapping(value) && typeof value['id'] === 'string' ? value['id'] : undefined
}

/** An author looks into the last document that has the path, or else the longest part of it. */
function createLocate(layers: readonly Layer[]): Locate {
  return (path, target = 'value') => {
    for (let length = path.length; length >= 0; length -= 1) {
      for (const { document, moves } of layers) {
        const written = moveBack(path.slice(0, length), moves)
        if (!hasPath(document.data, written)) continue
        const whole = [...written, ...path.slice(length)]
        return { at: formatPath(whole), location: document.locate(whole, target) }
      }
    }
    return { at: formatPath(path), location: undefined }
  }
}

function moveBack(path: ConfigPath, moves: readonly Move[]): ConfigPath {
  const move = moves.find(({ to }) => to.every((step, index) => path[index] === step))
  return move === undefined ? path : [...move.from, ...path.slice(move.to.length)]
}

function hasPath(data: unknown, path: ConfigPath): boolean {
  let current = data
  for (const step of path) {
    if (typeof current !== 'object' || current === null || !Object.hasOwn(current, step)) return false
    current = Reflect.get(current, step)
  }
  return true
}
