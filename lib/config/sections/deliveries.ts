import type { Fields } from '../field/fields'
import { readTable } from '../field/read-table'
import { field, type InputOf, type Shape, type SpecOf, table } from '../field/shape'
import { COUNT, SIZE, TEXT } from '../field/values'

const KEYS = {
  keep: field('keep', COUNT, 'How many of the latest deliveries are kept; 0 keeps none', 1000),
  maxBytes: field('max_bytes', SIZE, 'How much of them', '16mb'),
  path: field('path', TEXT, 'Folder of files in which they outlive the process; in memory alone without it'),
}

/** What a user writes for the deliveries. */
export interface DeliveriesConfig extends InputOf<typeof KEYS> {}

/** The deliveries: what came, and what became of it. */
export const DELIVERIES: Shape<DeliveriesConfig> = table(KEYS)

/** How many deliveries are kept, and where. */
export interface DeliveriesSpec extends SpecOf<typeof KEYS> {}

/** Reads the deliveries; a config without them keeps the latest 1,000 in memory. */
export function normalizeDeliveries(root: Fields): DeliveriesSpec {
  return readTable(KEYS, root.mapping('deliveries') ?? root.supposing('deliveries', {}))
}
