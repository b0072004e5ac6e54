// The entry of the command line: runs what was typed, and prints its outcome.
import { coloured, wantsColour } from './colour.ts'
import { printable } from './outcome.ts'
import { run } from './run.ts'

const argv = process.argv.slice(2)
const { outcome, code, to } = await run(argv)
process.exitCode = code
// A program that asked for JSON reads one stream, whatever the outcome.
if (argv.includes('--json')) process.stdout.write(`${JSON.stringify(outcome.json, null, 2)}\n`)
else {
  const text = printable(outcome.text)
  process[to].write(`${wantsColour(process[to], process.env) ? coloured(text) : text}\n`)
}
