// The guards of the protocol, each with a patch that takes it away: without any one of them some run must fail.
import { readFileSync } from 'node:fs'

export type Patch = { readonly file: string; readonly from: string; readonly to: string }

export type Guard = Patch & {
  readonly name: string
  /** the scenario that needs it, `random` faults, or '' where nothing does */
  readonly needed: string
  /** a second line: the scenario needs it once these are gone as well, and passes while only these are gone */
  readonly behind?: readonly string[]
  /** why no run needs it, and why it stays */
  readonly coveredBy?: string
  /** seeds within which a run fails: several times what it takes today */
  readonly within: number
  /** the same guard stands in other places too */
  readonly also?: readonly Patch[]
}

const CORE = 'replicator/core'

export const GUARDS: readonly Guard[] = [
  {
    name: 'lease',
    needed: 'primary-sleeps',
    within: 10,
    file: `${CORE}/reign.ts`,
    from: "(isSole(s) && s.proposal?.why !== 'add') || now < s.lease.heldUntil",
    to: 's.now >= 0 || now < s.lease.heldUntil',
  },
  {
    name: 'lease-while-adding',
    needed: 'sleeps-while-adding',
    within: 10,
    file: `${CORE}/reign.ts`,
    from: "(isSole(s) && s.proposal?.why !== 'add') ||",
    to: 'isSole(s) ||',
  },
  {
    name: 'nothing-while-installing',
    needed: 'late-snapshot',
    within: 10,
    file: `${CORE}/standby.ts`,
    from: '  s.shards[shard].installing.add(query)\n',
    to: '',
  },
  {
    name: 'lease-from-send',
    needed: 'wakes-to-old-grants',
    within: 20,
    file: `${CORE}/lease.ts`,
    from: 'sentAt + this.#timing.leaseMs)',
    to: 'now + this.#timing.leaseMs)',
  },
  {
    name: 'promise-before-reign',
    needed: 'standby-disk-hangs',
    within: 5,
    file: `${CORE}/reign.ts`,
    from: 'now >= reign.notBefore',
    to: 'true',
  },
  {
    name: 'old-primary-stopped',
    needed: 'standby-disk-hangs',
    within: 5,
    file: `${CORE}/reign.ts`,
    from: "if (record.why === 'first boot') return true",
    to: 'if (s.now >= 0) return true',
  },
  {
    name: 'grace-from-start',
    needed: 'forgets-its-promise',
    within: 20,
    file: `${CORE}/choice.ts`,
    from: 's.startedAt + graceMs, s.standbySince + graceMs)',
    to: 's.standbySince)',
    also: [
      {
        file: `${CORE}/reign.ts`,
        from: 'Math.max(s.lease.promisedUntil, s.startedAt + s.settings.timing.graceMs)',
        to: 's.lease.promisedUntil',
      },
    ],
  },
  {
    name: 'grace-from-standby',
    needed: 'everything-handed-over',
    within: 3,
    file: `${CORE}/reign.ts`,
    from: 'if (!wasStandby && isStandby(s)) s.standbySince',
    to: 'if (known !== null && !known.members.some(member => member.name === s.me) && isStandby(s)) s.standbySince',
  },
  {
    name: 'promise-before-takeover',
    needed: 'sent-away-by-hand',
    within: 5,
    file: `${CORE}/choice.ts`,
    from: 'Math.max(s.lease.promisedUntil, ',
    to: 'Math.max(',
  },
  {
    name: 'standing',
    needed: 'wiped-during-accept',
    behind: ['promise-before-reign'],
    within: 20,
    file: `${CORE}/state.ts`,
    from: 's.proposal?.standing ?? false',
    to: 's.now < 0',
  },
  {
    name: 'standing-grants-nothing',
    needed: 'moved-on-elsewhere',
    behind: ['promise-before-reign'],
    within: 30,
    file: `${CORE}/link.ts`,
    from: 'asksAsPrimary && s.synced && !isStanding(s)',
    to: 'asksAsPrimary && s.synced',
  },
  {
    name: 'standing-acknowledges-nothing',
    needed: '',
    within: 0,
    coveredBy: 'see standing',
    file: `${CORE}/standby.ts`,
    from: 'if (isStanding(s) || !s.synced || s.record?.primaries[shard].name !== s.peerName) return',
    to: 'if (!s.synced || s.record?.primaries[shard].name !== s.peerName) return',
  },
  {
    name: 'standing-takes-nothing',
    needed: '',
    within: 0,
    coveredBy: 'see standing',
    file: `${CORE}/standby.ts`,
    from: 'if (reign === undefined || !s.synced || isStanding(s)) return false',
    to: 'if (reign === undefined || !s.synced) return false',
  },
  {
    name: 'standing-serves-nothing',
    needed: 'late-grant',
    behind: ['promise-before-reign'],
    within: 5,
    file: `${CORE}/reign.ts`,
    from: 'reign === null || reign.start === null || isStanding(s) || !isMember(s)',
    to: 'reign === null || reign.start === null || !isMember(s)',
  },
  {
    name: 'session-of-acks',
    needed: '',
    within: 0,
    coveredBy: 'the transport brings no frame of an ended session, and start() forgets as well',
    file: `${CORE}/sender.ts`,
    from: "  stop(): void {\n    this.#phase = { kind: 'off' }\n    this.#gap = null\n    this.#acked = -1",
    to: "  stop(): void {\n    this.#phase = { kind: 'off' }\n    this.#gap = null",
  },
  {
    name: 'ack-of-member-store',
    needed: 'volume-not-mounted',
    behind: ['rolled-back'],
    within: 20,
    file: `${CORE}/reign.ts`,
    from: 'store !== undefined && (memberPeer(s) !== null || s.adding?.store === store)',
    to: 'store !== undefined',
  },
  {
    name: 'commit-waits-for-member',
    needed: 'added-while-alone',
    within: 5,
    file: `${CORE}/reign.ts`,
    from: 'peerIsMember(s) || s.adding !== null',
    to: 's.adding !== null',
  },
  {
    name: 'commit-waits-for-added',
    needed: 'drift-noticed-by-a-member',
    within: 30,
    file: `${CORE}/reign.ts`,
    from: 'peerIsMember(s) || s.adding !== null',
    to: 'peerIsMember(s)',
  },
  {
    name: 'level-before-add',
    needed: 'primary-sleeps',
    within: 10,
    file: `${CORE}/moves.ts`,
    from: 'if (!level || !mirrors(s) ||',
    to: 'if (',
  },
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
    name: 'start-committed',
    needed: 'half-completed',
    behind: ['read-waits-for-commit'],
    within: 10,
    file: `${CORE}/reign.ts`,
    from: 'state.committed >= reign.start && now',
    to: 'now',
  },
  {
    name: 'job-of-this-reign',
    needed: 'late-job-of-an-earlier-reign',
    behind: ['ack-of-own-entry'],
    within: 100,
    file: `${CORE}/standby.ts`,
    from: '&& epoch >= reign.since',
    to: '',
  },
  {
    name: 'ack-of-own-entry',
    needed: 'late-job-of-an-earlier-reign',
    behind: ['job-of-this-reign'],
    within: 100,
    file: `${CORE}/sender.ts`,
    from: 'if (sent !== undefined && sent.hash !== position.hash) return this.#compare()',
    to: 'if (sent === null) return',
  },
  {
    name: 'job-of-this-incarnation',
    needed: 'late-job-of-the-dead',
    behind: ['job-of-this-reign', 'ack-of-own-entry'],
    within: 20,
    file: `${CORE}/standby.ts`,
    from: 'reign.incarnation === incarnation && ',
    to: '',
  },
  {
    name: 'rolled-back',
    needed: 'older-copy-restored',
    within: 10,
    file: `${CORE}/register.ts`,
    from: 'const rolledBack = seen !== undefined && ',
    to: 'const rolledBack = s.now < 0 && seen !== undefined && ',
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
  {
    name: 'longer-log',
    needed: '',
    within: 0,
    coveredBy:
      'what only one of two members holds was never acknowledged; it saves tentative writes from the quarantine',
    file: `${CORE}/choice.ts`,
    from: '  if (mine.index > peers.index) return s.me\n  if (peers.index > mine.index) return s.peerName\n',
    to: '',
  },
  {
    name: 'drift-ends-retries',
    needed: 'poison-entry',
    within: 5,
    file: `${CORE}/standby.ts`,
    from: "  if (times < REFUSALS_MAX || reason === 'sequence') return\n",
    to: '  if (times > 0) return\n',
  },
  {
    name: 'reseeded-once',
    needed: 'poison-entry-again',
    within: 5,
    file: `${CORE}/pair.ts`,
    from: 'if (!byHand && s.now - s.shards[shard].reseededAt < RESEED_AGAIN_MS) {',
    to: 'if (!byHand && s.now < 0) {',
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
    name: 'drifted-does-not-stand',
    needed: 'drift',
    within: 10,
    file: `${CORE}/choice.ts`,
    from: '  if (!isFit(s)) return NOTHING\n',
    to: '',
  },
  {
    name: 'who-stays-leads',
    needed: 'leaves-beside-one-that-returns',
    within: 5,
    file: `${CORE}/choice.ts`,
    from: '  if (hello.leaving) return true\n',
    to: '',
  },
  {
    name: 'no-snapshot-onto-member',
    needed: '',
    within: 0,
    coveredBy: 'a replaced store gets a new id first, and is no member by it',
    file: `${CORE}/standby.ts`,
    from: '!obeys(s, shard) || isMember(s) ||',
    to: '!obeys(s, shard) ||',
  },
  {
    name: 'only-a-member-stands',
    needed: 'stands-and-goes-on',
    within: 10,
    file: `${CORE}/choice.ts`,
    from: '!s.synced || s.proposer.busy || !isMember(s) || s.leaving',
    to: '!s.synced || s.proposer.busy || s.leaving',
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
    name: 'force-asks-the-registers',
    needed: 'force-primary',
    within: 5,
    file: `${CORE}/forced.ts`,
    from: '  return whyPeerLives(s)\n}',
    to: '  return null\n}',
  },
  {
    name: 'force-looks-at-the-link',
    needed: '',
    within: 0,
    coveredBy: 'force-asks-the-registers: a peer whose link is up reaches the register of this host as well',
    file: `${CORE}/forced.ts`,
    from: 'if (s.peer !== null) return',
    to: 'if (s.now < 0) return',
  },
  {
    name: 'force-only-without-membership',
    needed: '',
    within: 0,
    coveredBy: 'a member takes over by itself before anybody could force it, once the other origin is silent',
    file: `${CORE}/forced.ts`,
    from: 'if (isMember(s) && isFit(s))',
    to: 'if (s.now < 0)',
  },
  {
    name: 'alone-only-once-on-disk',
    needed: '',
    within: 0,
    coveredBy:
      'rebuilding with both origins compares their logs, and the longer one wins; what is left are two logs that part after a solo record that no disk has and no register either',
    file: `${CORE}/reign.ts`,
    from: '  if (!needsPeer && s.keptEpoch < (s.record?.epoch ?? 0)) return\n',
    to: '',
  },
  {
    name: 'rebuilt-from-the-newest',
    needed: 'rebuilt-after-solo',
    within: 10,
    file: `${CORE}/rebuild.ts`,
    from: '(peers.record?.epoch ?? 0) > mine.record.epoch && peers.record !== null ? peers.record : mine.record',
    to: 'mine.record',
  },
  {
    name: 'restored-epochs-ahead',
    needed: 'restore-begins-again',
    within: 10,
    file: 'replicator/identity.ts',
    from: 'Math.max(...epochs) + AHEAD',
    to: 'Math.max(...epochs) + 1',
  },
  {
    name: 'restore-asks-the-registers',
    needed: 'restore-beside-live',
    within: 5,
    file: `${CORE}/firstboot.ts`,
    from: '  const lives = whyPeerLives(s)\n',
    to: '  const lives = null\n',
  },
  {
    name: 'old-lineage-ends',
    needed: '',
    within: 0,
    coveredBy: 'restore-asks-the-registers: no lineage begins beside one that is lived in',
    file: `${CORE}/register.ts`,
    from: 'states.filter(state => state.lineage !== lineage).length >= MAJORITY',
    to: 's.now < 0',
  },
  {
    name: 'another-lineage-is-of-no-concern',
    needed: '',
    within: 0,
    coveredBy: 'restore-asks-the-registers, and a store that joins nobody of another lineage says nothing to it',
    file: `${CORE}/link.ts`,
    from: 'if (message.record.lineage === s.identity.lineage) adopt(s, message.record)',
    to: 'adopt(s, message.record)',
  },
  {
    name: 'gate-closed-before-handover',
    needed: 'handover-under-load',
    within: 300,
    file: `${CORE}/moves.ts`,
    from: "closing === 'closed' && committed === last.index",
    to: 'committed === last.index',
  },
  {
    name: 'level-before-handover',
    needed: 'handover-under-load',
    within: 30,
    file: `${CORE}/moves.ts`,
    from: 'if (!level || !leaseHolds(s, s.now)) return',
    to: 'if (!leaseHolds(s, s.now)) return',
  },
  {
    name: 'verified-before-settle',
    needed: 'restarts-within-grace',
    within: 30,
    file: `${CORE}/link.ts`,
    from: 'Math.min(committed, state.verified)',
    to: 'Math.min(committed, state.last.index)',
  },
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
]

const ROOT = new URL('../../', import.meta.url)

/** The patched text of each file that these guards are in. Throws where a patch does not match exactly once: the code has moved on. */
export function withoutGuards(guards: readonly Guard[]): ReadonlyMap<string, string> {
  const texts = new Map<string, string>()
  for (const { name, file, from, to } of guards.flatMap(guard => [
    guard,
    ...(guard.also ?? []).map(patch => ({ ...patch, name: guard.name })),
  ])) {
    const url = new URL(file, ROOT)
    const parts = (texts.get(url.href) ?? readFileSync(url, 'utf8')).split(from)
    if (parts.length !== 2) throw new Error(`${name}: its text is ${parts.length - 1} times in ${file}`)
    texts.set(url.href, parts.join(to))
  }
  return texts
}

/** By their names, with commas between them. Throws where there is no such guard. */
export function guardsOf(names: string): readonly Guard[] {
  return names.split(',').map(name => {
    const guard = GUARDS.find(each => each.name === name)
    if (guard === undefined) throw new Error(`no such guard; there are ${GUARDS.map(each => each.name).join(' ')}`)
    return guard
  })
}
