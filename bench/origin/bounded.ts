// An origin whose store has other bounds, for what compaction and checkpoints cost. They are no settings, for no operator
// has a reason to change them; so the value is changed before anybody reads it. Its threads are given it from here.
import { STORE_LIMITS, type StoreLimits } from '../../origin/store/limits.ts'

const bounds: Partial<StoreLimits> = JSON.parse(process.env.BENCH_STORE_LIMITS ?? '{}')
Object.assign(STORE_LIMITS, bounds)
await import('../../origin/main.ts')
