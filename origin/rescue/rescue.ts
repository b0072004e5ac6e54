// What a person may do when nothing heals by itself: make this store primary by force, rebuild the registers. Both first say
// what is known and what would be lost, and both look for any sign of life of the other origin.
import { setTimeout as delay } from 'node:timers/promises'
import { whyNotForced } from '../../replicator/core/forced.ts'
import { knowledgeOf, rebuildableInMs } from '../../replicator/core/rebuild.ts'
import type { State } from '../../replicator/core/state.ts'
import type { Knowledge } from '../../replicator/register/knowledge.ts'
import type { Replicator } from '../../replicator/replicator.ts'
import { peerOf, SHARDS } from '../../router/words.ts'
import type { Operate } from '../operate.ts'
import { takesConnections } from './reach.ts'

/** Public listeners of the other origin that a person names. */
export const ASKED_MAX = 8

export type RescueParts = {
  readonly replicator: Replicator
  /** URL of the other origin's private listener */
  readonly peerUrl: string
  readonly peerKnowledge: () => Promise<Knowledge | null>
  readonly operate: Operate
}

/** What forcing this origin would mean now. `confirm` is what a person has to type. */
export type Assessment = {
  readonly origin: string
  readonly refused: readonly string[]
  readonly loss: readonly string[]
  readonly confirm: string
}

export type Done = { readonly ok: boolean; readonly detail: string }

export class Rescue {
  readonly #parts: RescueParts

  constructor(parts: RescueParts) {
    this.#parts = parts
  }

  knowledge(): Knowledge {
    return knowledgeOf(this.#parts.replicator.state)
  }

  /** @param asked further URLs of the other origin */
  async assess(asked: readonly string[]): Promise<Assessment> {
    const { state } = this.#parts.replicator
    const why = whyNotForced(state)
    return {
      origin: state.me,
      refused: [...(why === null ? [] : [why]), ...(await this.#signsOfLife(asked))],
      loss: lossOf(state),
      confirm: confirmationOf(state),
    }
  }

  async force(given: string, asked: readonly string[], actor: string): Promise<Done> {
    const { replicator, operate } = this.#parts
    const confirm = confirmationOf(replicator.state)
    if (given !== confirm) return { ok: false, detail: `this needs the words: ${confirm}` }
    const life = await this.#signsOfLife(asked)
    if (life.length > 0) return operate.refused('force-primary', life.join('; '), actor)
    return operate.command({ kind: 'forcePrimary' }, actor)
  }

  /** @param given the confirmation where the other origin is off; null where it is expected to answer */
  async rebuild(given: string | null, asked: readonly string[], actor: string): Promise<Done> {
    const { replicator, peerKnowledge, operate } = this.#parts
    const refused = (detail: string): Done => operate.refused('registers rebuild', detail, actor)
    const waitMs = rebuildableInMs(replicator.state)
    if (waitMs !== null) await delay(waitMs)
    if (given === null) {
      const peer = await peerKnowledge()
      if (peer !== null) return operate.command({ kind: 'rebuildRegisters', peer }, actor)
      const { me } = replicator.state
      return refused(
        `origin ${peerOf(me)} does not answer, and may know of a newer record. If its host is off for good, confirm: ${confirmationOf(replicator.state)}`,
      )
    }
    const confirm = confirmationOf(replicator.state)
    if (given !== confirm) return { ok: false, detail: `this needs the words: ${confirm}` }
    const life = await this.#signsOfLife(asked)
    if (life.length > 0) return refused(life.join('; '))
    return operate.command({ kind: 'rebuildRegisters', peer: null }, actor)
  }

  async #signsOfLife(asked: readonly string[]): Promise<string[]> {
    const { replicator, peerUrl } = this.#parts
    const peer = peerOf(replicator.state.me)
    const urls = [peerUrl, ...asked]
    const reached = await Promise.all(urls.map(takesConnections))
    return urls.filter((_, at) => reached[at]).map(url => `origin ${peer} takes connections at ${url}`)
  }
}

export const confirmationOf = (s: State): string => `origin ${peerOf(s.me)} is off`

/** In sentences: which store has everything, and where this one ends. */
function lossOf(s: State): string[] {
  const record = s.record ?? s.identity.record
  const members = record?.members.map(({ name, store }) => `${store} of origin ${name}`).join(' and ')
  const here = SHARDS.map(shard => {
    const { epoch, index } = s.shards[shard].last
    return `${shard} ${epoch}.${index}`
  })
  return [
    members === undefined
      ? 'This origin knows of no record.'
      : `In epoch ${record?.epoch} (${record?.why}) every acknowledged write is in store ${members}. This store is ${s.identity.store}.`,
    `This copy ends at ${here.join(' and ')}. What was acknowledged beyond is lost, and nobody here knows how much it is.`,
    ...(s.identity.drifted.length === 0 ? [] : [`It was found to differ in ${s.identity.drifted.join(' and ')}.`]),
  ]
}
