// corosync.conf and its key, where Pacemaker moves the floating addresses: who of the two is there, and who is the majority.
import { createHmac } from 'node:crypto'
import { ORIGINS } from '../../router/words.ts'
import type { ClusterFile } from './clusterfile.ts'
import { COROSYNC_PORTS, PACEMAKER_FILE, QNETD_PORT } from './place.ts'

/**
 * A host that is silent for so long is gone, once the other has asked for 1.2 times as long whether anybody else is there. Less
 * takes a busy host for a dead one, and is for nothing below 600: then the witness would be slower.
 */
const TOKEN_MS = 1000
/** The witness hears of a host every 0.8 of this, 1 s being its least, and drops one that it has not heard for 1.5 s. */
const QDEVICE_MS = 1250

export function renderCorosync(cluster: ClusterFile): string {
  const [internal, external] = COROSYNC_PORTS
  return `# corosync.conf of Tandem: the same file on a and b. Who holds the floating addresses, Pacemaker says (${PACEMAKER_FILE}).
totem {
    version: 2
    cluster_name: ${cluster.name}
    transport: knet
    token: ${TOKEN_MS}
    # Its key is in /etc/corosync/authkey.
    crypto_cipher: aes256
    crypto_hash: sha256
    # One wire of two is enough to know of each other. The internal one is used while it is there.
    link_mode: passive
    interface {
        linknumber: 0
        mcastport: ${internal}
        knet_link_priority: 10
    }
    interface {
        linknumber: 1
        mcastport: ${external}
        knet_link_priority: 1
    }
}

nodelist {
${ORIGINS.map(
  (name, at) => `    node {
        name: ${name}
        nodeid: ${at + 1}
        ring0_addr: ${cluster[name].internal.address.host}
        ring1_addr: ${cluster[name].external.address.host}
    }`,
).join('\n')}
}

quorum {
    provider: corosync_votequorum
    # The third vote is the witness', as in the registers: two that lose each other have one winner, and one alone with the
    # witness may go on, after both hosts were down too.
    device {
        model: net
        votes: 1
        timeout: ${QDEVICE_MS}
        net {
            host: ${cluster.w.internal.address.host}
            port: ${QNETD_PORT}
            algorithm: ffsplit
            # The internal network and its firewall; it is one vote about addresses.
            tls: off
        }
    }
}

logging {
    to_syslog: yes
    timestamp: hires
}
`
}

/** 128 bytes are the least that corosync takes. Made from the cluster's secret: the same file renders the same key. */
export const corosyncKey = (secret: string): string => createHmac('sha512', secret).update('corosync').digest('hex')
