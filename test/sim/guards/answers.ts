// Guards of what clients are told, and when.
import { CORE, type Guard } from './guard.ts'

export const ANSWERS_GUARDS: readonly Guard[] = [
  {
    name: 'lease-after-commit-read',
    needed: 'sleeps-before-the-row',
    within: 5,
    file: 'origin/documents.ts',
    from: 'if (replicator.serves(shard) === null && !(await this.#servesAgain(shard))) return false\n    return this.#parts.reads',
    to: 'return this.#parts.reads',
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
    within: 40,
    file: 'origin/documents.ts',
    from: '(aimed !== null && aimed < reign)',
    to: '(aimed !== null && aimed < 0)',
  },
  {
    name: 'read-waits-for-commit',
    needed: 'tentative-refusal',
    within: 80,
    file: 'origin/documents.ts',
    from: 'if (committed !== true && !(await committed)) return false',
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
    within: 300,
    file: 'origin/write/groups.ts',
    from: 'const committed = await this.#port.committed(this.#store.shard, seen)',
    to: "const committed = outcomes.every(each => each.kind === 'preconditionFailed' || each.kind === 'missing') || (await this.#port.committed(this.#store.shard, seen))",
  },
  {
    name: 'fence',
    needed: 'standby-disk-hangs',
    behind: ['gate-when-written'],
    within: 60,
    file: `${CORE}/reign.ts`,
    from: "emit(s, { type: 'fence', shard: shard.shard, epoch: record.epoch })",
    to: '',
  },
  {
    name: 'gate-when-written',
    needed: 'standby-disk-hangs',
    behind: ['fence'],
    within: 60,
    file: 'origin/write/groups.ts',
    from: 'const epoch = this.#port.serves(this.#store.shard)',
    to: "const epoch = Reflect.get(this.#waiting[0], 'epoch')",
    also: [
      {
        file: 'origin/write/groups.ts',
        from: 'this.#waiting.push({ command, bytes, tell: resolve })',
        to: 'this.#waiting.push(Object.assign({ command, bytes, tell: resolve }, { epoch: this.#port.serves(this.#store.shard) }))',
      },
    ],
  },
]
