// What Corosync and Pacemaker need of a host of the bench, and how they are run: with the rendered files, and the drop-ins that
// stand beside the distribution's units.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Host as HostName } from '../../deploy/redis/render.ts'
import type { Host } from './host.ts'
import { parseUnit, type UnitFile } from './unit.ts'

/** A first start waits for others that might lead (dc-deadtime, 20 s). */
export const CLUSTER_START_MS = 60_000

export type ClusterPart = 'corosync' | 'qdevice' | 'pacemaker' | 'qnetd'

/** Goes into the script that makes a host's file system, once /etc and /var/lib are its own. */
export const CLUSTER_MOUNTS = `mkdir -p /mnt/ocf /mnt/ocf-work /mnt/log
mount -t overlay overlay -o lowerdir=/usr/lib/ocf/resource.d,upperdir=/mnt/ocf,workdir=/mnt/ocf-work /usr/lib/ocf/resource.d
mkdir -p /usr/lib/ocf/resource.d/tandem
ln -sfn /opt/tandem/deploy/pacemaker/fit /usr/lib/ocf/resource.d/tandem/fit
mount --bind /mnt/log /var/log
mkdir -p /var/log/corosync /var/log/pacemaker /var/log/crmsh /var/lib/corosync
for each in '' /cib /pengine /cores /blackbox; do install -d -o hacluster -g haclient -m 0750 /var/lib/pacemaker$each; done
mount -t tmpfs tmpfs /dev/shm
cp -a /mnt/rendered/etc/corosync/. /etc/corosync/`

const SPACES = 'unshare --mount --pid --uts --ipc --fork --kill-child --mount-proc'
const SUPERVISED = 'Restart=always\nRestartSec=1s\nTimeoutStopSec=20s\n'

/** The units of a host's cluster; none where keepalived moves the addresses. */
export function clusterUnits(rendered: string, host: HostName): readonly (readonly [ClusterPart, UnitFile])[] {
  const units = join(rendered, 'etc/systemd/system')
  if (!readdirSync(units).some(file => file.startsWith('corosync'))) return []
  const beside = (unit: string): string => readFileSync(join(units, `${unit}.service.d/tandem.conf`), 'utf8')
  const unit = (name: ClusterPart, start: string, dropIn: string): readonly [ClusterPart, UnitFile] => [
    name,
    parseUnit(name, `ExecStart=${start}\n${SUPERVISED}${dropIn}`),
  ]
  if (host === 'w') {
    const dropIn = beside('corosync-qnetd')
    const options = /^Environment="COROSYNC_QNETD_OPTIONS=(.*)"$/m.exec(dropIn)?.[1] ?? ''
    return [unit('qnetd', `/usr/bin/corosync-qnetd -f ${options}`, `RuntimeDirectory=corosync-qnetd\n${dropIn}`)]
  }
  return [
    unit('corosync', '/usr/sbin/corosync -f', `RuntimeDirectory=corosync\n${beside('corosync')}`),
    unit(
      'qdevice',
      '/usr/sbin/corosync-qdevice -f',
      `RuntimeDirectory=corosync-qdevice\n${beside('corosync-qdevice')}`,
    ),
    unit('pacemaker', `${SPACES} /opt/tandem/test/chaos/pacemaker.sh ${host}`, beside('pacemaker')),
  ]
}

/** What a person does once, on one host. */
export async function configureCluster(host: Host): Promise<void> {
  await host.sh('crm configure property stonith-enabled=false no-quorum-policy=freeze')
  await host.sh('crm configure load update /etc/tandem/pacemaker.crm')
}

/** Whether the cluster takes a configuration: both hosts are there and one leads. */
export async function clusterIsUp(host: Host): Promise<string | true> {
  const shown = await host.sh('crm_mon --one-shot --output-as=xml 2>&1 || true')
  const online = [...shown.matchAll(/<node name="[ab]"[^>]* online="true"/g)].length
  return (online === 2 && /<current_dc present="true"/.test(shown)) || shown.slice(0, 400)
}
