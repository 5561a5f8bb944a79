import { describeTraces } from './traces'
import { FILE } from './worlds'

describeTraces(FILE)
