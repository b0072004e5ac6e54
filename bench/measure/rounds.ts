// Every contender in turn, round after round, so that what slows the machine for a while slows all of them.
import { type Contender, type Sample, turnOf } from './turn.ts'

export type Pace = { readonly rounds: number; readonly seconds: number }

/** Caches, connections and compiled code are warm after so much. */
const WARM_UP_SECONDS = 1

export type Tell = (line: string) => void

export async function interleaved(
  contenders: readonly Contender[],
  { rounds, seconds }: Pace,
  tell: Tell,
): Promise<ReadonlyMap<string, readonly Sample[]>> {
  const samples = new Map<string, Sample[]>(contenders.map(({ name }) => [name, []]))
  for (const contender of contenders) await turnOf(contender, WARM_UP_SECONDS)
  for (let round = 1; round <= rounds; round++) {
    for (const contender of contenders) {
      const sample = await turnOf(contender, seconds)
      samples.get(contender.name)?.push(sample)
      tell(
        `    ${round}/${rounds} ${contender.name}: ${Math.round(sample.perSecond)}/s, p99 ${sample.p99Ms.toFixed(2)} ms`,
      )
    }
  }
  return samples
}
