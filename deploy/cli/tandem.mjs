#!/usr/bin/env node
// The `tandem` command: makes sure of the packages, then runs main.ts under the pinned Node.
import { join } from 'node:path'
import { ensurePackages, orExplain, ROOT, runPinned } from '../setup/setup.mjs'

orExplain(() => {
  ensurePackages()
  runPinned(join(ROOT, 'deploy', 'cli', 'main.ts'), process.argv.slice(2))
})
