// The simulation's store passes the suite of the real one.
import { modelStore } from '../../models/store.ts'
import { storeSuite } from './suite.ts'

storeSuite('model in memory', async logKept => modelStore('s0', logKept))
