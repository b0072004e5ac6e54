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
    needed: '',
    within: 0,
    coveredBy: 'force-asks-the-registers: a peer whose link is up reaches the register of this host as well',
    file: `${CORE}/forced.ts`,
    from: 'if (s.peer !== null) return',
    to: 'if (s.now < 0) return',
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
]
