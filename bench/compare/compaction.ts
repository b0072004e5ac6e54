import type { Part } from '../part.ts'
export const compaction: Part = { name: 'compaction', programs: ['wrk'], run: async () => {} }
