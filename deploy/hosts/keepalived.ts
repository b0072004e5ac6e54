// keepalived.conf: two floating addresses, one at home on each host. The values were measured; comments say what each prevents.
import { type OriginName, peerOf } from '../../router/words.ts'
import type { ClusterFile } from './clusterfile.ts'
import { RETURNS_FILE, UNFIT_FILE } from './place.ts'

/** Far enough apart that nothing else decides. */
const PRIORITY = { home: 200, guest: 100 } as const

export function renderKeepalived(cluster: ClusterFile, host: OriginName): string {
  return `# keepalived of Tandem, host ${host}: who holds the floating addresses. Who may, the origin says (${UNFIT_FILE}).
# Adverts go over the external card, whose failure they are to notice, to one peer, by VRRP version 3.
global_defs {
    router_id tandem-${host}
    vrrp_version 3
    # Neighbours that missed the first announcement, or that heard another after it: said again when a network heals.
    vrrp_garp_master_delay 1
    vrrp_garp_master_repeat 3
    vrrp_garp_master_refresh 10
    vrrp_garp_lower_prio_repeat 2
    # A busy machine must not make a master late.
    vrrp_rt_priority 50
}

# 0: this host may hold an address. 1: it may not, as at every start, until the watch says otherwise.
track_file tandem_unfit {
    file "${UNFIT_FILE}"
    weight 0
    init_file 1
}
# 1: the other host may have its address back.
track_file tandem_returns {
    file "${RETURNS_FILE}"
    weight 0
    init_file 0 overwrite
}
${instance(cluster, host, 'a')}
${instance(cluster, host, 'b')}
`
}

const NO_PREEMPTION = `    # The other host gives it back when it is asked, after its connections have ended: taken from it, they would break.
    nopreempt
`

function instance(cluster: ClusterFile, host: OriginName, home: OriginName): string {
  const { external } = cluster[host]
  const peer = cluster[peerOf(host)].external.address
  const [a, b] = cluster.vrrp
  const { vip } = cluster[home]
  return `
# At home on ${home}.
vrrp_instance tandem_${home} {
    interface ${external.name}
    virtual_router_id ${home === 'a' ? a : b}
    # Both begin as backup: whoever is at home and fit takes it, after it has listened.
    state BACKUP
    priority ${home === host ? PRIORITY.home : PRIORITY.guest}
${home === host ? NO_PREEMPTION : ''}    # Three of these and a bit is how long a silent holder is waited for.
    advert_int 0.1
    unicast_src_ip ${external.address.host}
    unicast_peer {
        ${peer.host}
    }
    track_file {
        tandem_unfit${home === host ? '' : '\n        tandem_returns'}
    }
    virtual_ipaddress {
        ${vip}/${external.address.bits} dev ${external.name}
    }
}`
}
