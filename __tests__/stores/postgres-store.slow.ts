import { describe, test } from '@jest/globals'
import { describeStore } from '../helpers/store-contract'
import { usePostgres, withoutPostgres } from '../helpers/use-postgres'
import { onServer } from './shared-store'

if (withoutPostgres === undefined) {
  describeStore('the store on PostgreSQL', onServer('postgres', usePostgres()))
} else {
  describe('the store on PostgreSQL', () => test.skip(`all of it (skipped: ${withoutPostgres})`, () => undefined))
}
