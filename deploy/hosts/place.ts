// Where things are on a host. One place for all hosts, so that units, wrappers and pages agree without settings.

/** What `tandem render` writes. */
export const ETC = '/etc/tandem'
/** What processes keep. */
export const LIB = '/var/lib/tandem'
/** What may be lost: Node's compiled code. */
export const CACHE = '/var/cache/tandem'
/** The clone of this repository. */
export const APP = '/opt/tandem'
export const NODE = `${APP}/node_modules/node/bin/node`
export const UNITS = '/etc/systemd/system'

/** What an origin says of itself, several times a second (TANDEM_FIT_FILE). */
export const FIT_DIR = '/run/tandem-origin'
export const FIT_FILE = `${FIT_DIR}/fit`
/** What keepalived reads: 0 where this host may hold an address, else 1; and the same of the other host's address. */
export const VIP_DIR = '/run/tandem-vip'
export const UNFIT_FILE = `${VIP_DIR}/unfit`
export const RETURNS_FILE = `${VIP_DIR}/returns`

/** Its pid files. */
export const KEEPALIVED_DIR = '/run/tandem-keepalived'

/** Redis and Sentinel: the user that the distribution's packages make. */
export const REDIS_USER = 'redis'
/** The origin; made by install.sh. */
export const ORIGIN_USER = 'tandem'

/** Corosync's own files are where its tools look for them. */
export const COROSYNC_DIR = '/etc/corosync'
export const COROSYNC_PID = '/run/corosync.pid'
export const PACEMAKER_FILE = `${ETC}/pacemaker.crm`
/** Where Pacemaker looks for the agent ocf:tandem:fit. */
export const AGENT_DIR = '/usr/lib/ocf/resource.d/tandem'
/** UDP, over the internal and the external card. */
export const COROSYNC_PORTS: readonly [internal: number, external: number] = [5405, 5406]
/** TCP, at the witness. */
export const QNETD_PORT = 5403
