// node deploy/setup/run.mjs SCRIPT.ts args…: installs what is missing, then runs the script under the pinned Node.
import { join } from 'node:path'
import { ensurePackages, ensureRedis, orExplain, ROOT, runPinned } from './setup.mjs'

/** Scripts that start Redis. */
const NEED_REDIS = ['deploy/local/start.ts', 'test/run.ts', 'test/soak/main.ts', 'bench/main.ts']

const [script, ...args] = process.argv.slice(2)
if (script === undefined) {
  process.stderr.write('usage: node deploy/setup/run.mjs SCRIPT.ts [arguments]\n')
  process.exitCode = 2
} else {
  orExplain(() => {
    ensurePackages()
    if (NEED_REDIS.includes(script)) ensureRedis()
    runPinned(join(ROOT, script), args)
  })
}
