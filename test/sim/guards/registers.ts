// Guards of the rounds at the registers, and of the first boot.
import { CORE, type Guard } from './guard.ts'

export const REGISTERS_GUARDS: readonly Guard[] = [
  {
    name: 'never-abandon-after-accept',
    needed: 'added-while-alone',
    within: 60,
    file: `${CORE}/proposer.ts`,
    from: '!this.#acceptSent && now >= this.#abandonAfter',
    to: 'now >= this.#abandonAfter',
  },
  {
    name: 'newest-accepted-wins',
    needed: 'dies-after-accept',
    within: 10,
    file: `${CORE}/proposer.ts`,
    from: 'compareBallots(accepted.ballot, newest.ballot) > 0',
    to: 'compareBallots(accepted.ballot, newest.ballot) < 0',
  },
  {
    name: 'round-at-start',
    needed: 'added-while-alone',
    within: 5,
    file: `${CORE}/state.ts`,
    from: 'synced: false,',
    to: 'synced: true,',
  },
  {
    name: 'epoch-of-proposal',
    needed: 'dies-after-accept',
    within: 10,
    file: `${CORE}/register.ts`,
    from: 'current.record.epoch === next.epoch - 1 ?',
    to: 'current.record.epoch > 0 ?',
  },
  {
    name: 'readmission-by-both-others',
    needed: 'wiped-during-accept',
    within: 10,
    file: `${CORE}/proposer.ts`,
    from: 'if (phase.accepted.size < MAJORITY) return',
    to: 'if (phase.accepted.size + this.#empty.size < MAJORITY) return',
  },
  {
    name: 'majority-to-decide',
    needed: 'restarts-within-grace',
    within: 10,
    file: `${CORE}/proposer.ts`,
    from: 'if (phase.accepted.size < MAJORITY) return',
    to: 'if (phase.accepted.size < 1) return',
  },
  {
    name: 'first-boot-needs-all-registers',
    needed: 'registers-and-stores-wiped',
    within: 5,
    file: `${CORE}/register.ts`,
    from: 'if (empty.length === ACCEPTORS.length) return firstBoot(s)',
    to: 'if (empty.length >= MAJORITY) return firstBoot(s)',
  },
  {
    name: 'first-boot-of-new-stores-only',
    needed: 'all-registers-wiped',
    within: 5,
    file: `${CORE}/firstboot.ts`,
    from: "  if (s.identity.lineage !== null) {\n    s.blocked.why = 'all registers",
    to: "  if (s.now < 0) {\n    s.blocked.why = 'all registers",
    also: [
      {
        file: `${CORE}/firstboot.ts`,
        from: 'if (SHARDS.some(shard => s.shards[shard].last.index > 0)) {',
        to: 'if (s.now < 0) {',
      },
      {
        file: `${CORE}/firstboot.ts`,
        from: 'if (hello.lineage !== null || !hello.fresh) {',
        to: 'if (s.now < 0) {',
      },
    ],
  },
  {
    name: 'another-lineage-is-of-no-concern',
    needed: 'wiped-under-its-name',
    within: 5,
    file: `${CORE}/reign.ts`,
    from: '  if (record.lineage !== s.identity.lineage) return\n',
    to: '',
  },
]
