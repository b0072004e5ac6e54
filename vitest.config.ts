// Three groups: everything, two files at a time (the smallest machine has two cores), then what needs a whole cluster, also
// two at a time: clusters mostly wait, and each file has ports of its own; last, alone, what holds waits against the bounds
// of the design. A failing test is looked into, never tried again.
import { defineConfig } from 'vitest/config'

const WORKERS_MAX = 2

export default defineConfig({
  test: {
    pool: 'forks',
    retry: 0,
    projects: [
      {
        extends: true,
        test: {
          name: 'parts',
          include: ['test/**/*.test.ts'],
          exclude: ['test/**/*.{cluster,netns}.test.ts'],
          maxWorkers: WORKERS_MAX,
          testTimeout: 20_000,
          hookTimeout: 30_000,
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        test: {
          name: 'cluster',
          include: ['test/**/*.{cluster,netns}.test.ts'],
          exclude: ['test/**/*.timed.cluster.test.ts'],
          maxWorkers: WORKERS_MAX,
          // A start may take 60 s on a slow machine, a takeover and a rejoin some more.
          testTimeout: 120_000,
          hookTimeout: 90_000,
          sequence: { groupOrder: 1 },
        },
      },
      {
        extends: true,
        test: {
          name: 'timed',
          include: ['test/**/*.timed.cluster.test.ts'],
          maxWorkers: 1,
          testTimeout: 240_000,
          hookTimeout: 90_000,
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
})
