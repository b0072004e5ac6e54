// The distribution's units of Corosync and Pacemaker, where these move the floating addresses: what they are told beside their own.
import { type OriginName, peerOf } from '../../router/words.ts'
import type { Host } from '../redis/render.ts'
import type { ClusterFile } from './clusterfile.ts'
import { QNETD_PORT } from './place.ts'
import type { Unit } from './units.ts'

export const clusterUnits = (host: Host): readonly string[] =>
  host === 'w' ? ['corosync-qnetd.service'] : ['corosync.service', 'corosync-qdevice.service', 'pacemaker.service']

export const clusterDropIns = (cluster: ClusterFile, host: Host): Unit[] =>
  host === 'w'
    ? [dropIn('corosync-qnetd', qnetdOptions(cluster), RESTARTED, 'RestartSec=1')]
    : [
        dropIn('corosync', removed(cluster, host), RESTARTED, LATE),
        // Without its vote a host that is lost would take its address with it.
        dropIn('corosync-qdevice', RESTARTED, LATE),
        dropIn('pacemaker', removedWithDaemons(cluster, host), LATE),
      ]

/**
 * Not before the other host has seen that it was gone (2.2 s, deploy/hosts/corosync.ts): two that are alone at one time compete
 * for the vote, and the healthy one may lose. Each of the three would start Corosync, which it requires.
 */
const LATE = 'RestartSec=5'
const RESTARTED = 'Restart=always'

const dropIn = (service: string, ...lines: readonly string[]): Unit => ({
  name: `${service}.service.d/tandem.conf`,
  text: `[Unit]
After=tandem-firewall.service
# It is needed for ever: no number of failures ends the tries.
StartLimitIntervalSec=0

[Service]
${lines.join('\n')}
`,
})

// The distribution's own file of options would be read after what stands here.
const qnetdOptions = ({ w }: ClusterFile): string => `EnvironmentFile=
Environment="COROSYNC_QNETD_OPTIONS=-4 -l ${w.internal.address.host} -p ${QNETD_PORT} -s off"`

const removedWithDaemons = (
  cluster: ClusterFile,
  host: OriginName,
): string => `# Its daemons live on where their parent alone dies, and are taken on again. Where they are gone too (nobody listens where the
# controller does), nobody looks after the addresses.
ExecStopPost=-/bin/sh -c 'grep -q @crmd /proc/net/unix || { ${removals(cluster, host).join('; ')}; }'`

const removals = (cluster: ClusterFile, host: OriginName): readonly string[] => {
  const { external } = cluster[host]
  return [cluster[host].vip, cluster[peerOf(host)].vip].map(
    vip => `/usr/sbin/ip address del ${vip}/${external.address.bits} dev ${external.name}`,
  )
}

/** What moves addresses and is killed leaves them on the card, and the other host takes them as well. */
export const removed = (cluster: ClusterFile, host: OriginName): string =>
  removals(cluster, host)
    .map(command => `ExecStopPost=-${command}`)
    .join('\n')
