import { describe, test } from '@jest/globals'
import { usePgbouncer, withoutPgbouncer } from '../helpers/use-pgbouncer'
import { usePostgres, withoutPostgres } from '../helpers/use-postgres'
import { describeCrashes } from './crashes'
import { describeSharedCrashes } from './shared-crashes'
import { onServer } from './worlds'

const missing = withoutPostgres ?? withoutPgbouncer

if (missing === undefined) {
  const site = onServer('postgres', usePgbouncer(usePostgres()))
  describeCrashes(site)
  describeSharedCrashes(site)
} else {
  describe('crashes on PostgreSQL behind PgBouncer', () =>
    test.skip(`all of it (skipped: ${missing})`, () => undefined))
}
