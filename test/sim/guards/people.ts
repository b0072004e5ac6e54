// Guards of what a person may do, and of registers that were lost.
import { CORE, type Guard } from './guard.ts'

export const PEOPLE_GUARDS: readonly Guard[] = [
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
    needed: 'force-beside-a-connected-peer',
    within: 20,
    file: `${CORE}/forced.ts`,
    from: 'if (s.peer !== null) return',
    to: 'if (s.now < 0) return',
  },
  {
    name: 'alone-only-once-on-disk',
    needed: 'registers-lost-before-solo-is-on-disk',
    within: 10,
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
    needed: 'restored-beside-one-cut-off',
    within: 5,
    file: `${CORE}/register.ts`,
    from: 'states.filter(state => state.lineage !== lineage).length >= MAJORITY',
    to: 's.now < 0',
  },
  {
    name: 'rebuilt-above-every-proposal',
    needed: 'registers-lost-before-solo-is-on-disk',
    within: 5,
    file: `${CORE}/rebuild.ts`,
    from: 'const epoch = Math.max(mine.epochMax, peers.epochMax) + 1',
    to: 'const epoch = newest.epoch + 1',
  },
]
