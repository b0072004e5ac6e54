// What vip-watch.sh looks at, and how patient it is.
import { type OriginName, peerOf } from '../../router/words.ts'
import type { AddressMover, ClusterFile } from './clusterfile.ts'
import { COROSYNC_PID, FIT_FILE, KEEPALIVED_DIR, RETURNS_FILE, UNFIT_FILE } from './place.ts'

/**
 * The origin says how it is every 100 ms, and what it said last goes with it when it dies. So only a stopped one is silent, or
 * one whose machine is busy: it has most of a lease before it is given up, in turns of 0.1 s.
 */
const SILENT_TURNS = 7
/** Fit for so long before an address comes home: what flaps stays away. */
const STEADY_TURNS = 20
/** Pings go five times a second. Three lost ones are a deaf or mute card. */
const GATEWAY_SILENT_TURNS = 6

/** Children first: their parent would start them again. */
const MOVER_PIDS: Readonly<Record<AddressMover, readonly string[]>> = {
  keepalived: [`${KEEPALIVED_DIR}/vrrp.pid`, `${KEEPALIVED_DIR}/pid`],
  pacemaker: [COROSYNC_PID],
}

export const vipWatchEnv = (cluster: ClusterFile, host: OriginName): Record<string, string> => ({
  TANDEM_FIT_FILE: FIT_FILE,
  TANDEM_UNFIT_FILE: UNFIT_FILE,
  TANDEM_RETURNS_FILE: RETURNS_FILE,
  TANDEM_MOVER_PIDS: MOVER_PIDS[cluster.addresses].join(' '),
  TANDEM_HOME_VIP: cluster[host].vip,
  TANDEM_GUEST_VIP: cluster[peerOf(host)].vip,
  TANDEM_CARD: cluster[host].external.name,
  TANDEM_GATEWAY: cluster.gateway ?? '',
  TANDEM_SILENT_TURNS: String(SILENT_TURNS),
  TANDEM_STEADY_TURNS: String(STEADY_TURNS),
  TANDEM_GATEWAY_SILENT_TURNS: String(GATEWAY_SILENT_TURNS),
})
