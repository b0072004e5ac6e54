// Commands of the system, awaited; a failure says what was run and what it said.
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

const execute = promisify(execFile)

/** Nothing that the bench asks for takes longer, on a busy machine either. */
const COMMAND_MS = 20_000

export async function run(command: string, ...args: string[]): Promise<string> {
  try {
    const { stdout } = await execute(command, args, { timeout: COMMAND_MS })
    return stdout
  } catch (error) {
    const said = error instanceof Error && 'stderr' in error ? String(error.stderr).trim() : String(error)
    throw new Error(`${command} ${args.join(' ')}: ${said}`)
  }
}

/** Whether it ended with success. */
export const succeeds = (command: string, ...args: string[]): Promise<boolean> =>
  execute(command, args, { timeout: COMMAND_MS }).then(
    () => true,
    () => false,
  )
