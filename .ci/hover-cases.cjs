'use strict'
// Writes a config in TypeScript that names each key of each form once, from the tables that the config is read by.

/**
 * The keys for which an editor shows no sentence once they are written: two forms that fit give them different types, such as the
 * word "stripe" and the text "${env.SCHEME}". TypeScript then shows neither. It shows the sentence while the key is completed.
 */
const SILENT = new Set([
  'listener.type',
  'listener.callbacks.verify.scheme',
  'gateway.driver',
  'gateway.public_url',
  'component.type',
  'component.action.completion.type',
  'store.type',
])

/**
 * Returns the text of the config, and its keys in the order of their marks: `/*0*\/` precedes a key, `/*c0*\/` the place where it
 * can be completed.
 */
function createCases(root) {
  const keys = []
  const statements = []
  const seen = new Set()

  function visit(shape, name, wrap) {
    switch (shape.form) {
      case 'list':
        return visit(shape.item, name, (inner) => wrap(`[${inner}]`))
      case 'named':
        return visit(shape.item, name, (inner) => wrap(`{ one: ${inner} }`))
      case 'choice':
        for (const option of shape.options) visit(option, name, wrap)
        return undefined
      case 'later':
        return visit(shape.get(), name, wrap)
      case 'table':
        return seen.has(shape) ? undefined : visitTable(shape, name, wrap)
      default:
        return undefined
    }
  }

  function visitTable(table, name, wrap) {
    seen.add(table)
    for (const { rows, tag } of listForms(table)) {
      const written = tag === undefined ? '' : `${tag.key}: ${JSON.stringify(tag.word)}, `
      const texts = rows.map((row) => {
        const full = name === '' ? row.key : `${name}.${row.key}`
        const value = row.key === tag?.key ? JSON.stringify(tag.word) : 'null!'
        keys.push({ key: row.key, name: full, form: tag?.word, sentence: row.description, isSilent: SILENT.has(full) })
        const index = keys.length - 1
        if (SILENT.has(full)) statements.push(wrap(`{ /*c${index}*/ }`))
        return `/*${index}*/${row.key}: ${value}`
      })
      statements.push(wrap(`{ ${texts.join(', ')} }`))
      for (const row of rows)
        if (row.key !== tag?.key)
          visit(row.shape, name === '' ? row.key : `${name}.${row.key}`, (inner) =>
            wrap(`{ ${written}${row.key}: ${inner} }`),
          )
    }
  }

  visit(root, '', (inner) => inner)
  const lines = statements.map((config) => `defineConfig(${config})\n`)
  return { text: `import { defineConfig } from 'express-callbacks'\n${lines.join('')}`, keys }
}

/** Lists the forms of a table, each with one word that tells it, and with a text of the environment instead. */
function listForms({ byKey, variants }) {
  const rows = [...byKey.values()]
  if (variants.length === 0) return [{ rows }]
  const forms = new Map()
  for (const { tag, without = [] } of variants) {
    const [word = 'mine'] = tag.words ?? []
    const own = rows.filter((row) => !without.includes(row.key))
    for (const each of [word, '${env.WORD}']) {
      const id = `${each === word}${without.join()}`
      if (!forms.has(id)) forms.set(id, { rows: own, tag: { key: tag.key, word: each } })
    }
  }
  return [...forms.values()]
}

module.exports = { createCases }
