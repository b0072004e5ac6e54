// nftables: Redis, Sentinel, registers, private port and dashboard answer on the internal card alone. Only Tandem's own
// table is touched, and only its own ports are decided about: what else a host does is its owner's business.
import { type OriginName, peerOf } from '../../router/words.ts'
import { HOSTS, type Host } from '../redis/render.ts'
import type { ClusterFile } from './clusterfile.ts'
import { COROSYNC_PORTS, QNETD_PORT } from './place.ts'

export function renderFirewall(cluster: ClusterFile, host: Host): string {
  const { queue, register, sentinel, private: privately, public: publicly } = cluster.ports
  const hosts = HOSTS.map(each => cluster[each].internal.address.host).join(', ')
  const internal = cluster[host].internal
  const redis = `${queue}, ${register}, ${sentinel}`
  return `#!/usr/sbin/nft -f
# Firewall of Tandem, host ${host}. Loaded again, it replaces itself and nothing else.
table inet tandem
delete table inet tandem

table inet tandem {
${host === 'w' ? '' : LEAVING}    chain input {
        type filter hook input priority filter; policy accept;

        iifname "lo" accept
        # Redis, registers and Sentinels speak with the three hosts of the pair, over the internal card.
        iifname "${internal.name}" ip saddr { ${hosts} } tcp dport { ${redis} } accept
        tcp dport { ${redis} } drop
${host === 'w' ? witnessRules(cluster) : originRules(cluster, host, privately, publicly)}    }
}
`
}

const witnessRules = (cluster: ClusterFile): string =>
  cluster.addresses === 'keepalived'
    ? ''
    : `        # Votes of the two hosts' cluster, which moves their floating addresses.
        iifname "${cluster.w.internal.name}" ip saddr { ${cluster.a.internal.address.host}, ${cluster.b.internal.address.host} } tcp dport ${QNETD_PORT} accept
        tcp dport ${QNETD_PORT} drop
`

/** vip-watch.sh puts floating addresses in while they leave this host, and takes them out again. */
const LEAVING = `    # Floating addresses that are about to leave this host: a connection that is opened now is tried again by its client a
    # second later, and is the other host's. Open ones end first.
    set leaving {
        type ipv4_addr
    }

`

function originRules(cluster: ClusterFile, host: OriginName, privately: number, publicly: number): string {
  const { internal } = cluster[host]
  const { host: address, bits } = internal.address
  return `        # The peer, the link, the dashboard and metrics: whoever is on the internal network; a secret is asked for all the same.
        iifname "${internal.name}" ip saddr ${address}/${bits} tcp dport ${privately} accept
        tcp dport ${privately} drop
        # Clients come by the external card.
        ip daddr @leaving tcp dport ${publicly} tcp flags & (fin | syn | rst | ack) == syn drop
        iifname "${internal.name}" tcp dport ${publicly} drop
${cluster.addresses === 'keepalived' ? vrrpRules(cluster, host) : corosyncRules(cluster, host)}`
}

const vrrpRules = (
  cluster: ClusterFile,
  host: OriginName,
): string => `        # VRRP from the other host alone: its adverts decide who holds an address.
        iifname "${cluster[host].external.name}" ip saddr ${cluster[peerOf(host)].external.address.host} meta l4proto vrrp accept
        meta l4proto vrrp drop
`

function corosyncRules(cluster: ClusterFile, host: OriginName): string {
  const [internal, external] = COROSYNC_PORTS
  const peer = cluster[peerOf(host)]
  return `        # Corosync from the other host alone, over both cards.
        iifname "${cluster[host].internal.name}" ip saddr ${peer.internal.address.host} udp dport ${internal} accept
        iifname "${cluster[host].external.name}" ip saddr ${peer.external.address.host} udp dport ${external} accept
        udp dport { ${internal}, ${external} } drop
`
}
