// nftables: Redis, Sentinel, registers, private port and dashboard answer on the internal card alone. Only Tandem's own
// table is touched, and only its own ports are decided about: what else a host does is its owner's business.
import { HOSTS, type Host } from '../redis/render.ts'
import type { ClusterFile } from './clusterfile.ts'

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
${host === 'w' ? '' : originRules(cluster, host, privately, publicly)}    }
}
`
}

/** vip-watch.sh puts floating addresses in while they leave this host, and takes them out again. */
const LEAVING = `    # Floating addresses that are about to leave this host: a connection that is opened now is tried again by its client a
    # second later, and is the other host's. Open ones end first.
    set leaving {
        type ipv4_addr
    }

`

function originRules(cluster: ClusterFile, host: 'a' | 'b', privately: number, publicly: number): string {
  const { internal, external } = cluster[host]
  const { host: address, bits } = internal.address
  const peer = cluster[host === 'a' ? 'b' : 'a'].external.address.host
  return `        # The peer, the link, the dashboard and metrics: whoever is on the internal network; a secret is asked for all the same.
        iifname "${internal.name}" ip saddr ${address}/${bits} tcp dport ${privately} accept
        tcp dport ${privately} drop
        # Clients come by the external card.
        ip daddr @leaving tcp dport ${publicly} tcp flags & (fin | syn | rst | ack) == syn drop
        iifname "${internal.name}" tcp dport ${publicly} drop
        # VRRP from the other host alone: its adverts decide who holds an address.
        iifname "${external.name}" ip saddr ${peer} meta l4proto vrrp accept
        meta l4proto vrrp drop
`
}
