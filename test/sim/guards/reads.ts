// Guards of what a standby answers by itself.
import { CORE, type Guard } from './guard.ts'

export const READS_GUARDS: readonly Guard[] = [
  {
    name: 'read-lease-from-send',
    needed: 'standby-wakes-to-old-promises',
    behind: ['reads-nothing-while-it-leaves'],
    within: 10,
    file: `${CORE}/lease.ts`,
    from: 'sentAt + this.readMs)',
    to: 'now + this.readMs)',
  },
  {
    name: 'read-lease-after-the-row',
    needed: 'standby-sleeps-before-the-row',
    within: 10,
    file: 'origin/standbyreads.ts',
    from: '!stays || !this.may(shard)',
    to: '!stays',
  },
  {
    name: 'standby-shows-what-stays',
    needed: 'standby-has-what-vanishes',
    within: 20,
    file: 'origin/standbyreads.ts',
    from: '!stays || !this.may(shard)',
    to: '!this.may(shard)',
  },
  {
    name: 'reads-nothing-while-it-leaves',
    needed: 'standby-leaves-unheard',
    within: 60,
    file: `${CORE}/copy.ts`,
    from: 's.proposal === null && now < s.lease.readsHeldUntil',
    to: 'now < s.lease.readsHeldUntil',
  },
  {
    name: 'alone-waits-for-its-promise',
    needed: 'standby-reads-while-its-disk-hangs',
    behind: ['promises-no-longer-than-together'],
    within: 20,
    file: `${CORE}/reign.ts`,
    from: 's.adding !== null || mayStillRead(s)',
    to: 's.adding !== null',
  },
  {
    name: 'promises-no-longer-than-together',
    needed: 'standby-reads-while-its-disk-hangs',
    behind: ['alone-waits-for-its-promise'],
    within: 20,
    file: `${CORE}/link.ts`,
    from: 'return until <= aloneAt',
    to: 'return until <= aloneAt || s.now >= 0',
  },
]
