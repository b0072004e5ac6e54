// Runs crash-child.ts to its end, whatever that is.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

export type Ended = {
  readonly code: number | null
  readonly signal: string | null
  readonly said: unknown[]
  readonly errors: string
}

const CHILD = fileURLToPath(new URL('./crash-child.ts', import.meta.url))
/** Far above what any scenario needs; a child that hangs is a failure, not a hanging test. */
const CHILD_MS_MAX = 15_000

export function startChild(args: readonly string[], failpoint = '') {
  return spawn(process.execPath, [CHILD, ...args], {
    env: { ...process.env, TANDEM_FAILPOINT: failpoint },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: CHILD_MS_MAX,
  })
}

/** The same under a limit on the size of files, in blocks of 512 bytes, beyond which the system fails each write. */
function startLimited(args: readonly string[], blocks: number) {
  const script = 'ulimit -f "$1"; shift; exec "$@"'
  return spawn('sh', ['-c', script, 'sh', String(blocks), process.execPath, CHILD, ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: CHILD_MS_MAX,
  })
}

export const runChild = (args: readonly string[], failpoint = ''): Promise<Ended> => ended(startChild(args, failpoint))
export const runLimited = (args: readonly string[], blocks: number): Promise<Ended> => ended(startLimited(args, blocks))

async function ended(child: ReturnType<typeof startChild>): Promise<Ended> {
  let out = ''
  let errors = ''
  child.stdout.on('data', (chunk: Buffer) => {
    out += chunk.toString()
  })
  child.stderr.on('data', (chunk: Buffer) => {
    errors += chunk.toString()
  })
  const [code, signal] = await once(child, 'close')
  const said = out.split('\n').filter(line => line !== '')
  return { code, signal, errors, said: said.map((line): unknown => JSON.parse(line)) }
}
