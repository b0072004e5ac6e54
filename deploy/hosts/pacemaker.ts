// What Pacemaker is told about the floating addresses, as crmsh reads it: loaded again, it changes only what has changed.
import { ORIGINS, type OriginName, peerOf } from '../../router/words.ts'
import type { ClusterFile } from './clusterfile.ts'

/**
 * Home is preferred to nothing, staying to home, and staying loses against home once the origin says so. All of them stay above
 * zero: with less than that a host holds no address, though the other be gone.
 */
const SCORE = { home: 100, stays: 1000, goesHome: -950 } as const

export const renderPacemaker = (
  cluster: ClusterFile,
): string => `# Pacemaker of Tandem: the two floating addresses, and who may hold them. Loaded on one host, once, by
#   crm configure load update /etc/tandem/pacemaker.crm
# Whether hosts are fenced is not said here: deploy/README.md.

# What the origin and the watch beside it say of their host, as the node attribute tandem-fit: no, yes or returns.
primitive tandem-fit ocf:tandem:fit \\
    op start interval=0s timeout=20s \\
    op stop interval=0s timeout=20s \\
    op monitor interval=2s timeout=10s \\
    meta failure-timeout=10s
clone tandem-fit-clone tandem-fit \\
    meta interleave=true
${ORIGINS.map(home => address(cluster, home)).join('')}`

const address = (cluster: ClusterFile, home: OriginName): string => `
# At home on ${home}. Neighbours that missed the first announcement, or that heard another after it, hear it again.
primitive tandem-vip-${home} ocf:heartbeat:IPaddr2 \\
    params ip=${cluster[home].vip} cidr_netmask=${cluster[home].external.address.bits} arp_count_refresh=1 \\
${ORIGINS.map(host => `    params rule #uname eq ${host} nic=${cluster[host].external.name} \\\n`).join('')}    op start interval=0s timeout=20s \\
    op stop interval=0s timeout=20s \\
    op monitor interval=5s timeout=20s \\
    meta resource-stickiness=${SCORE.stays} failure-timeout=10s
location tandem-vip-${home}-home tandem-vip-${home} ${SCORE.home}: ${home}
# Nowhere but on a host that says that it may.
location tandem-vip-${home}-fit tandem-vip-${home} \\
    rule -inf: not_defined tandem-fit or tandem-fit eq no
colocation tandem-vip-${home}-follower inf: tandem-vip-${home} tandem-fit-clone
# The other host gives it back when it is asked, after its connections have ended: taken from it, they would break.
location tandem-vip-${home}-returns tandem-vip-${home} \\
    rule ${SCORE.goesHome}: tandem-fit eq returns and #uname eq ${peerOf(home)}
`
