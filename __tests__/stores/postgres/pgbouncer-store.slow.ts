import { describe, test } from '@jest/globals'
import { describeStore, type StoreKind } from '../../helpers/store-contract'
import { usePgbouncer, withoutPgbouncer } from '../../helpers/use-pgbouncer'
import { usePostgres, withoutPostgres } from '../../helpers/use-postgres'
import { onServer } from '../shared-store'

/** Messages are asked for twice a second there, once nothing has been said for a while. */
const ASKED_MS = 600

function later(kind: StoreKind): StoreKind {
  return {
    ...kind,
    async create() {
      const world = await kind.create()
      return { ...world, pass: (ms) => world.pass(ms + ASKED_MS) }
    },
  }
}

const missing = withoutPostgres ?? withoutPgbouncer

if (missing === undefined) {
  describeStore('the store on PostgreSQL behind PgBouncer', later(onServer('postgres', usePgbouncer(usePostgres()))))
} else {
  describe('the store on PostgreSQL behind PgBouncer', () =>
    test.skip(`all of it (skipped: ${missing})`, () => undefined))
}
