import { describe, test } from '@jest/globals'
import { usePostgres, withoutPostgres } from '../helpers/use-postgres'
import { describeCrashes } from './crashes'
import { describeSharedCrashes } from './shared-crashes'
import { onServer } from './worlds'

if (withoutPostgres === undefined) {
  const site = onServer('postgres', usePostgres())
  describeCrashes(site)
  describeSharedCrashes(site)
} else {
  describe('crashes on PostgreSQL', () => test.skip(`all of it (skipped: ${withoutPostgres})`, () => undefined))
}
