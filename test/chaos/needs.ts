// What the bench needs of the machine: root, namespaces, and the distribution's programs.
import { ADDRESS_MOVERS, type AddressMover } from '../../deploy/hosts/clusterfile.ts'
import { succeeds } from './shell.ts'

const PROGRAMS = ['ip', 'nft', 'nsenter', 'unshare', 'ping', 'redis-server', 'redis-sentinel', 'redis-cli']
const PROGRAMS_OF: Readonly<Record<AddressMover, readonly string[]>> = {
  keepalived: ['keepalived'],
  pacemaker: [
    'corosync',
    'corosync-qdevice',
    'corosync-qnetd',
    'pacemakerd',
    'crm',
    '/usr/lib/ocf/resource.d/heartbeat/IPaddr2',
  ],
}

/** What shall move the addresses, as the command line names it. */
export function moverOf(text: string): AddressMover {
  const mover = ADDRESS_MOVERS.find(each => each === text)
  if (mover === undefined) throw new Error(`--addresses: ${ADDRESS_MOVERS.join(' or ')}, not ${text}`)
  return mover
}

/** In a sentence what is missing, or null. */
export async function missing(mover: AddressMover): Promise<string | null> {
  if (process.getuid?.() !== 0) return 'it needs root, for network namespaces'
  const lacking: string[] = []
  for (const program of [...PROGRAMS, ...PROGRAMS_OF[mover]])
    if (!(await succeeds('sh', '-c', `command -v ${program}`))) lacking.push(program)
  if (lacking.length > 0) return `these programs are missing: ${lacking.join(', ')}`
  return (await succeeds('unshare', '--net', '--mount', 'true')) ? null : 'this machine allows no namespaces'
}
