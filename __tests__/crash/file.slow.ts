import { describeCrashes } from './crashes'
import { FILE } from './worlds'

describeCrashes(FILE)
