// What is taken away to see that it is needed: a piece of the production code, as a patch of its text.

export const CORE = 'replicator/core'

export type Patch = { readonly file: string; readonly from: string; readonly to: string }

export type Guard = Patch & {
  readonly name: string
  /** the scenario that needs it */
  readonly needed: string
  /** a second line: the scenario needs it once these are gone as well, and passes while only these are gone */
  readonly behind?: readonly string[]
  /** the first seed that is tried, where the schedule is rare: else 1 */
  readonly seed?: number
  /** seeds within which a run fails: several times what it takes today */
  readonly within: number
  /** the same guard stands in other places too */
  readonly also?: readonly Patch[]
}
