// Guards of what clients are told, and when.
import { CORE, type Guard } from './guard.ts'

export const ANSWERS_GUARDS: readonly Guard[] = [
  {
    name: 'lease-after-commit-read',
    needed: 'primary-sleeps',
    within: 60,
    file: 'origin/documents.ts',
    from: 'if (replicator.serves(shard) === null && !(await this.#servesAgain(shard))) return this.#misdirected()\n    if (this.#parts.reads',
    to: 'if (this.#parts.reads',
  },
  {
    name: 'lease-after-commit-write',
    needed: 'primary-sleeps',
    within: 60,
    file: 'origin/documents.ts',
    from: "        if (replicator.serves(shard) === null && !(await this.#servesAgain(shard)))\n          return { kind: 'unknown', why: 'this origin lost its lease while the write was under way', reign }\n",
    to: '',
  },
  {
    name: 'aimed-at-this-reign',
    needed: 'late-request',
    within: 60,
    file: 'origin/documents.ts',
    from: '(aimed !== null && aimed < reign)',
    to: '(aimed !== null && aimed < 0)',
  },
  {
    name: 'read-waits-for-commit',
    needed: 'tentative-refusal',
    within: 80,
    file: 'origin/documents.ts',
    from: 'if (committed !== true && !(await committed)) return this.#misdirected()',
    to: 'void committed',
  },
  {
    name: 'answer-waits-for-commit',
    needed: 'tentative-refusal',
    within: 40,
    file: 'origin/write/groups.ts',
    from: 'const committed = await this.#port.committed(this.#store.shard, seen)',
    to: 'const committed = true',
  },
  {
    name: 'refusal-waits-for-commit',
    needed: 'tentative-refusal',
    within: 400,
    file: 'origin/write/groups.ts',
    from: 'const committed = await this.#port.committed(this.#store.shard, seen)',
    to: "const committed = outcomes.every(each => each.kind === 'preconditionFailed' || each.kind === 'missing') || (await this.#port.committed(this.#store.shard, seen))",
  },
  {
    name: 'fence',
    needed: '',
    within: 0,
    coveredBy: 'calls of the writer run in order, and the gate asks for the epoch in the same turn',
    file: `${CORE}/reign.ts`,
    from: "emit(s, { type: 'fence', shard: shard.shard, epoch: record.epoch })",
    to: '',
  },
]
