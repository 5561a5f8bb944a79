'use strict'
// Writes dist/lib/config/input.d.ts: the types of what a user writes. Each key has its sentence, so that an editor shows it, and
// the forms of a mapping are told apart, so that a key of another form does not compile. Runs after the build.
const { writeFileSync } = require('node:fs')
const { join } = require('node:path')

const HEAD = `// Written by the build, from the tables that the config is read by.

/** Text that becomes a typed value when the environment is read into it, such as \`"\${env.PORT}"\`. */
export type EnvText = \`\${string}\\\${env.\${string}\`
/** A number, which may be written as text. */
export type NumberText = number | \`\${number}\` | EnvText
/** A time such as \`"500ms"\`, \`"30s"\`, \`"5m"\`, \`"2h"\` or \`"1d"\`, or a number of milliseconds. */
export type Duration = NumberText | \`\${number}\${'' | ' '}\${'ms' | 's' | 'm' | 'h' | 'd'}\`
type SizeUnit = 'b' | 'kb' | 'mb' | 'gb'
/** A size such as \`"512kb"\` or \`"1mb"\`, or a number of bytes. */
export type Size = NumberText | \`\${number}\${'' | ' '}\${SizeUnit | Uppercase<SizeUnit> | 'Kb' | 'Mb' | 'Gb' | 'kB' | 'mB' | 'gB'}\`
/** Requests in a second, a minute, an hour or a day, such as \`"100/m"\`. */
export type Rate = \`\${number}\${'' | ' '}/\${'' | ' '}\${'s' | 'm' | 'h' | 'd'}\` | EnvText
/** One text, such as an id, or a list of them. */
export type Texts = string | number | boolean | readonly (string | number | boolean)[]
type AnyCase<Word extends string> = Word | Lowercase<Word> | Capitalize<Lowercase<Word>>
`

const TAIL = `
type ServerStore = Extract<StoreConfig, { readonly url: string }>
type ClientStore<Store> = Store extends { readonly type: infer Type; readonly url: infer Url }
  ? { readonly type: Type; readonly url?: Url | undefined } & Omit<Store, 'type' | 'url'>
  : never

/** A config whose store has its client from the app, by \`options.pool\` or \`options.redis\`, so that it needs no \`url\`. */
export interface ClientConfig extends Omit<CallbacksConfig, 'store'> {
  /** What survives a restart and how far it reaches. Its client comes from the options. */
  readonly store: 'redis' | 'postgres' | ClientStore<ServerStore>
}

/** The method of a request in capitals, in small letters, or with a capital letter. */
export type RequestMethod = NonNullable<ActionConfig['method']>
`

/** The names of types that their key alone does not make. */
const NAMES = { any: 'BranchConfig', all: 'BranchConfig', callbacks: 'CallbackConfig', triggers: 'TriggerConfig' }

/** Lists the values that a shape names, as a union of their types. */
function literals(words) {
  return words.map((word) => JSON.stringify(word)).join(' | ')
}

/** Returns the type of a value. `kinds` are the kinds of values that have a name of their own. */
function valueType(shape, kinds) {
  const named = kinds.get(shape)
  if (named !== undefined) return named
  const { literal, words, takes } = shape
  if (literal !== undefined) return String(literal)
  if (words !== undefined && takes.includes('boolean')) return `boolean | ${literals(words)} | EnvText`
  if (words !== undefined && words.every((word) => word === word.toUpperCase()))
    return `AnyCase<${literals(words)}> | EnvText`
  if (words !== undefined && takes.length === 0) return `${literals(words)} | EnvText`
  if (takes.length === 0) return 'unknown'
  const isWhole = shape.json.anyOf?.some(({ minimum }) => minimum !== undefined)
  return isWhole ? 'NumberText' : takes.join(' | ')
}

function templateType({ takes, json, isTextual }) {
  if (json.anyOf?.some(({ type }) => type === 'object')) return 'Readonly<Record<string, unknown>> | string'
  if (takes.length > 0) return takes.join(' | ')
  return isTextual ? 'Texts' : 'unknown'
}

function capitalize(key) {
  return key.replaceAll(/(?:^|_)(\w)/g, (_, letter) => letter.toUpperCase())
}

/** Turns the shape of a config into the text of its types. */
function createTypes(root, kinds) {
  /** The name of the type of each table. */
  const names = new Map()
  const texts = []

  function typeOf(shape, key, parent) {
    switch (shape.form) {
      case 'value':
        return valueType(shape, kinds)
      case 'template':
        return templateType(shape)
      case 'list':
        return `readonly (${typeOf(shape.item, singular(key), parent)})[]`
      case 'named':
        return `Readonly<Record<string, ${typeOf(shape.item, singular(key), parent)}>>`
      case 'choice':
        return [...new Set(shape.options.map((option) => optionType(option, shape, key, parent)))].join(' | ')
      case 'later':
        return typeOf(shape.get(), key, parent)
      default:
        return refer(shape, key, parent)
    }
  }

  /** A lone word stands for a mapping with nothing else, so that it is no form which needs more. */
  function optionType(option, { readAs }, key, parent) {
    const variants = readAs?.form === 'short' ? readAs.table.variants : []
    if (option.form !== 'value' || variants.length === 0) return typeOf(option, key, parent)
    const free = variants.filter(({ needs = [] }) => needs.length === 0)
    return `${literals([...new Set(free.flatMap(({ tag }) => tag.words))])} | EnvText`
  }

  function refer(table, key, parent) {
    if (!names.has(table)) {
      const taken = new Set(names.values())
      const short = NAMES[key] ?? `${capitalize(key)}Config`
      const name = taken.has(short) ? `${parent.replace(/Config$/, '')}${short}` : short
      names.set(table, name)
      texts.push(table.variants.length === 0 ? declare(name, table) : declareForms(name, table))
    }
    return names.get(table)
  }

  function declare(name, { byKey }) {
    return `export interface ${name} {\n${[...byKey.values()].map((row) => property(row, name)).join('\n')}\n}\n`
  }

  function property(row, parent, { isRequired = row.isRequired, type = typeOf(row.shape, row.key, parent) } = {}) {
    const text = row.description.replaceAll('*/', '*\\/')
    const doc = row.ignored === undefined ? `  /** ${text} */` : `  /** @deprecated ${text} */`
    return `${doc}\n  readonly ${row.key}${isRequired ? `: ${type}` : `?: ${type} | undefined`}`
  }

  /**
   * Each key is declared once, in an interface that all forms with the key extend: only then does an editor show its sentence where
   * it cannot tell yet which form is being written. So is the key that tells the forms apart, with its words as a parameter.
   */
  function declareForms(name, { byKey, variants }) {
    const forms = mergeAlike(variants)
    const { key: tagKey } = variants[0].tag
    const parts = new Map()
    for (const row of byKey.values()) {
      if (row.key === tagKey) continue
      for (const isRequired of [true, false]) {
        const owners = forms.filter((form) => has(form, row.key) && requires(form, row) === isRequired)
        const id = owners.map((form) => form.name).join()
        if (owners.length > 0) parts.set(id, { owners, rows: [...(parts.get(id)?.rows ?? []), { ...row, isRequired }] })
      }
    }
    const base = name.replace(/Config$/, '')
    const named = [...parts.values()].map(({ owners, rows }) => {
      const isShared = owners.length === forms.length
      const [{ key, isRequired }] = rows
      const word = isRequired && !byKey.get(key).isRequired ? 'Needs' : 'With'
      return { owners, rows, name: isShared ? `${base}Keys` : `${base}${word}${capitalize(key)}` }
    })
    const bases = named.map((one) => {
      const [{ key, isRequired }] = one.rows
      const other = named.find(({ rows: [row] }) => isRequired && row.key === key && !row.isRequired)
      return other === undefined ? one : { ...one, name: `Required<${other.name}>`, rows: [] }
    })
    const written = forms.flatMap((form) => {
      const extended = bases.filter(({ owners }) => owners.includes(form)).map((one) => one.name)
      return tagsOf(form).map(({ name: own, type, isRequired }) => {
        const tagged = isRequired ? `${base}Tag<${type}>` : `Partial<${base}Tag<${type}>>`
        return { name: own, text: `export interface ${own} extends ${[tagged, ...extended].join(', ')} {}\n` }
      })
    })
    const tag = property(byKey.get(tagKey), name, { isRequired: true, type: 'Word' })
    const tagText = `export interface ${base}Tag<Word extends string> {\n${tag}\n}\n`
    const union = `export type ${name} = ${written.map((one) => one.name).join(' | ')}\n`
    const shared = bases
      .filter(({ rows }) => rows.length > 0)
      .map((one) => declare(one.name, { byKey: new Map(one.rows.map((row) => [row.key, row])) }))
    return [tagText, ...shared, ...written.map(({ text }) => text), union].join('\n')
  }

  texts.push(declare('CallbacksConfig', root))
  return [HEAD, ...texts, TAIL].join('\n')
}

/** Forms that differ in the word of their tag alone are one. */
function mergeAlike(variants) {
  const merged = new Map()
  for (const { tag, ...form } of variants) {
    const { isImplied = false, needs = [], without = [] } = form
    const key = JSON.stringify([tag.key, tag.words === undefined, isImplied, needs, without])
    const other = merged.get(key)
    if (other === undefined) merged.set(key, { ...form, tag: { ...tag, words: tag.words && [...tag.words] } })
    else other.tag.words.push(...tag.words)
  }
  return [...merged.values()]
}

function has({ without = [] }, key) {
  return !without.includes(key)
}

function requires({ needs = [] }, { key, isRequired }) {
  return isRequired || needs.includes(key)
}

/** The environment may say which form it is; a type of its own, since a word beside `EnvText` would not tell forms apart. */
function tagsOf({ name, isImplied = false, tag: { words } }) {
  if (words === undefined) return [{ name, type: 'string', isRequired: true }]
  const own = { name, type: literals(words), isRequired: !isImplied }
  return [own, { name: `${name}FromEnv`, type: 'EnvText', isRequired: true }]
}

function singular(key) {
  return key.endsWith('s') && NAMES[key] === undefined ? key.slice(0, -1) : key
}

module.exports = { createTypes }

if (require.main === module) {
  const config = join(__dirname, '..', 'dist', 'lib', 'config')
  const { configShape } = require(join(config, 'schema.js'))
  const { DURATION, RATE, SIZE } = require(join(config, 'field', 'values.js'))
  const kinds = new Map([
    [DURATION, 'Duration'],
    [RATE, 'Rate'],
    [SIZE, 'Size'],
  ])
  writeFileSync(join(config, 'input.d.ts'), createTypes(configShape, kinds))
}
