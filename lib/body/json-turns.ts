import { findClosingQuote, MAX_JSON_DEPTH } from '../template/json-depth'
import { malformed, tooDeep } from './errors'
import { createTurn } from '../base/turns'
import { setOwn } from '../base/values/plain'

/** How many characters are parsed in one go; the worst of them take 5 ms. */
const PIECE = 32 * 1024
const NOT_BLANK = /[^ \t\r\n]/

type Parse = (text: string) => unknown

/** A list or object that was opened and not closed yet. */
interface Level {
  readonly isList: boolean
  readonly opened: number
  /** Where the text begins that has not been parsed. */
  from: number
  /** The last comma between its members. */
  comma: number
  /** Holds its parsed members; undefined while all of the level is text. */
  target: unknown[] | Record<string, unknown> | undefined
  /** Whether a member with a target of its own ended at `from`. */
  hasEnded: boolean
}

/**
 * Parses a long JSON text as `parse` does, and lets other work run in between: every 32 K characters, the complete members
 * are parsed, and each level that is still open becomes a list or object that grows. Rejects with `ERR_BODY_MALFORMED`
 * and `ERR_BODY_DEPTH`.
 */
export async function parseLongJson(text: string, parse: Parse, piece = PIECE): Promise<unknown> {
  const turn = createTurn()
  const levels: Level[] = []
  let root: Level['target']
  let parsedUntil = 0
  let seenUntil = 0

  for (let position = 0; position < text.length; position += 1) {
    if (position - seenUntil > piece) {
      seenUntil = position
      if (turn.isOver()) await turn.next()
    }
    const code = text.charCodeAt(position)
    if (code === 0x22 /* " */) {
      position = findClosingQuote(text, position)
      if (position < 0) throw broken()
      continue
    }
    const level = levels.at(-1)
    if (code === 0x5b /* [ */ || code === 0x7b /* { */) {
      if (levels.length === MAX_JSON_DEPTH) throw tooDeep()
      levels.push(openLevel(code === 0x5b, position))
    } else if (code === 0x2c /* , */) {
      if (level) passComma(text, level, position)
    } else if (code === 0x5d /* ] */ || code === 0x7d /* } */) {
      if (!level) throw broken()
      closeLevel(text, level, position, parse)
      levels.pop()
      const parent = levels.at(-1)
      if (level.target !== undefined) {
        if (parent) endMember(parent, position)
        else if (NOT_BLANK.test(text.slice(position + 1))) throw broken()
        else return root
      }
    } else continue
    if (position - parsedUntil < piece || levels.length === 0) continue
    for (const [index, open] of levels.entries()) parseMembers(text, open, levels[index - 1], parse)
    root ??= levels[0]?.target
    parsedUntil = position
  }
  // Nothing was parsed yet: one long text or number, or hardly more.
  if (root === undefined) return parse(text)
  throw broken()
}

function openLevel(isList: boolean, opened: number): Level {
  return { isList, opened, from: opened + 1, comma: -1, target: undefined, hasEnded: false }
}

function endMember(level: Level, position: number): void {
  level.from = position + 1
  level.hasEnded = true
}

function passComma(text: string, level: Level, position: number): void {
  if (level.hasEnded) {
    if (NOT_BLANK.test(text.slice(level.from, position))) throw broken()
    level.hasEnded = false
    level.from = position + 1
  }
  level.comma = position
}

/** Parses the rest of a level that was parsed in part; any other is text of the level around it. */
function closeLevel(text: string, level: Level, position: number, parse: Parse): void {
  if (level.target === undefined) return
  if (level.isList !== (text[position] === ']')) throw broken()
  const rest = text.slice(level.from, position)
  if (NOT_BLANK.test(rest)) {
    if (level.hasEnded) throw broken()
    addMembers(level, rest, parse)
  } else if (!level.hasEnded && level.comma >= 0) throw broken()
}

/** Parses the complete members of an open level, and puts the level into its parent. */
function parseMembers(text: string, level: Level, parent: Level | undefined, parse: Parse): void {
  if (level.target === undefined) {
    level.target = level.isList ? [] : {}
    if (parent) addMember(parent, text.slice(parent.from, level.opened), level.target, parse)
    else if (NOT_BLANK.test(text.slice(0, level.opened))) throw broken()
  }
  if (level.comma < level.from) return
  addMembers(level, text.slice(level.from, level.comma), parse)
  level.from = level.comma + 1
}

function addMembers(level: Level, members: string, parse: Parse): void {
  if (!NOT_BLANK.test(members)) throw broken()
  const { target } = level
  const parsed = parse(level.isList ? `[${members}]` : `{${members}}`)
  if (Array.isArray(target) && Array.isArray(parsed)) for (const item of parsed) target.push(item)
  else if (target && !Array.isArray(target))
    for (const [key, value] of Object.entries(parsed ?? {})) setOwn(target, key, value)
}

/** Adds a member whose value is still open; `before` is its name and colon, or nothing in a list. */
function addMember({ target, hasEnded }: Level, before: string, value: unknown, parse: Parse): void {
  if (hasEnded) throw broken()
  if (Array.isArray(target)) {
    if (NOT_BLANK.test(before)) throw broken()
    target.push(value)
    return
  }
  // A list can only follow a colon; a digit could also lengthen a number before it.
  const [name, ...more] = Object.keys(parse(`{${before}[]}`) ?? {})
  if (!target || name === undefined || more.length > 0) throw broken()
  setOwn(target, name, value)
}

function broken(): Error {
  return malformed('it is not valid JSON')
}
