import type { Fields } from './fields'
import type { ChoiceForm, Keys, ReadSpec, Row, Shape, TableForm } from './shape'

/** Reads the keys of a table with their defaults. Returns undefined when a required one is missing, which is reported. */
export function readTable<const K extends Keys>(keys: K, fields: Fields): ReadSpec<K>
export function readTable(keys: Keys, fields: Fields): unknown {
  const rows = Object.entries(keys).filter(([, row]) => isReadable(row))
  const values = rows.map(([name, row]) => [name, readRow(row, fields)] as const)
  const isIncomplete = values.some(([name, value]) => value === undefined && keys[name]?.isRequired)
  return isIncomplete ? undefined : Object.fromEntries(values)
}

/** Other shapes are read by their section: more than their own keys decides what they are. */
function isReadable({ shape, isByHand }: Row): boolean {
  return isByHand === undefined && shape.form !== 'named' && shape.form !== 'later' && !isOpenChoice(shape)
}

function isOpenChoice(shape: Shape): shape is ChoiceForm {
  return shape.form === 'choice' && shape.readAs === undefined
}

function readRow({ key, shape, default: byDefault }: Row, fields: Fields): unknown {
  const written = readShape(shape, key, fields)
  if (written !== undefined || byDefault === undefined) return written
  return readShape(shape, key, fields.supposing(key, byDefault))
}

function readShape(shape: Shape | NonNullable<ChoiceForm['readAs']>, key: string, fields: Fields): unknown {
  switch (shape.form) {
    case 'value':
      return fields.read(key, shape)
    case 'template':
      return fields.template(key, shape.sources, shape.isUrl)
    case 'list':
      return shape.item.form === 'value' ? fields.readList(key, shape.item) : readTables(shape.item, key, fields)
    case 'table':
      return readInside(shape, fields.mapping(key))
    case 'short':
      return readInside(shape.table, fields.mapping(key, shape.short))
    case 'choice':
      return shape.readAs && readShape(shape.readAs, key, fields)
    default:
      return undefined
  }
}

function readInside({ keys }: TableForm, fields: Fields | undefined): unknown {
  return fields && readTable(keys, fields)
}

function readTables(item: Shape, key: string, fields: Fields): unknown {
  return item.form === 'table' ? fields.mappings(key).map((one) => readInside(item, one)) : undefined
}
