// One host of the bench: a network namespace, and a mount namespace in which the rendered files lie where they belong
// (/etc/tandem, /var/lib/tandem, /run, /opt/tandem), so that exactly these are run.
import { type ChildProcess, spawn } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { join } from 'node:path'
import type { Host as HostName } from '../../deploy/redis/render.ts'
import { CLUSTER_MOUNTS, type ClusterPart, clusterUnits } from './pacemaker.ts'
import { run } from './shell.ts'
import { parseUnit, Unit, type UnitFile } from './unit.ts'

const PARTS = ['firewall', 'register', 'sentinel', 'queue', 'origin', 'vip-watch', 'keepalived', 'cluster'] as const
export type Part = (typeof PARTS)[number] | ClusterPart

/** Small enough to be filled in a moment. */
const DISK_MIB = 256

export class Host {
  readonly name: HostName
  readonly #space: string
  readonly #rendered: string
  readonly #units = new Map<Part, Unit>()
  readonly #root: string
  #holder: ChildProcess | null = null
  on = false

  /** @param space its network namespace; @param rendered its directory of rendered files; @param root the repository; @param originEnv beside what its unit says */
  constructor(name: HostName, space: string, rendered: string, root: string, logs: string, originEnv = {}) {
    this.name = name
    this.#space = space
    this.#rendered = rendered
    this.#root = root
    const units = join(rendered, 'etc/systemd/system')
    const add = (part: Part, file: UnitFile): void => {
      const env = part === 'origin' ? originEnv : {}
      this.#units.set(part, new Unit(file, command => this.inside(command), join(logs, `${name}.${part}.log`), env))
    }
    for (const part of PARTS) {
      const file = `tandem-${part}.service`
      if (readdirSync(units).includes(file)) add(part, parseUnit(file, readFileSync(join(units, file), 'utf8')))
    }
    for (const [part, file] of clusterUnits(rendered, name)) add(part, file)
  }

  /** Makes its file system; nothing runs yet. */
  async make(): Promise<void> {
    // In this order, so that a repository below /opt or /run is still found.
    const script = `set -e
mount --make-rprivate /
mount -t tmpfs -o size=${DISK_MIB}m tmpfs /mnt
mkdir -p /mnt/app /mnt/rendered /mnt/upper /mnt/work /mnt/lib /mnt/opt/tandem
mount --bind '${this.#root}' /mnt/app
mount --bind '${this.#rendered}' /mnt/rendered
mount -t overlay overlay -o lowerdir=/etc,upperdir=/mnt/upper,workdir=/mnt/work /etc
cp -a /mnt/rendered/etc/tandem /etc/
mount -t tmpfs -o size=${DISK_MIB}m tmpfs /mnt/lib
mount --bind /mnt/opt /opt
mount --bind /mnt/app /opt/tandem
mount -t tmpfs tmpfs /run
# The one of outside shows the cards of outside.
mount -t sysfs sysfs /sys
mkdir -p /mnt/var
mount --bind /mnt/var /var/lib
mkdir -p /var/lib/tandem
mount --bind /mnt/lib /var/lib/tandem
${this.#units.has('pacemaker') ? CLUSTER_MOUNTS : ''}
sysctl -q -e -p /mnt/rendered/etc/sysctl.d/60-tandem.conf 2>/dev/null || true
echo made
exec sleep infinity`
    const args = [`--net=/run/netns/${this.#space}`, 'unshare', '--mount', 'sh', '-c', script]
    const holder = spawn('nsenter', args, { stdio: ['ignore', 'pipe', 'pipe'] })
    this.#holder = holder
    let said = ''
    await new Promise<void>((resolve, reject) => {
      holder.stdout.on('data', data => {
        if (String(data).includes('made')) resolve()
      })
      holder.stderr.on('data', data => {
        said += String(data)
      })
      holder.once('exit', () => reject(new Error(`host ${this.name} could not be made: ${said}`)))
    })
  }

  inside(command: readonly string[]): [string, ...string[]] {
    const pid = this.#holder?.pid
    if (pid === undefined) throw new Error(`host ${this.name} is not made`)
    return ['nsenter', `--net=/run/netns/${this.#space}`, `--mount=/proc/${pid}/ns/mnt`, '--', ...command]
  }

  async sh(script: string): Promise<string> {
    const [command, ...args] = this.inside(['sh', '-c', script])
    return run(command, ...args)
  }

  unit(part: Part): Unit {
    const unit = this.#units.get(part)
    if (unit === undefined) throw new Error(`host ${this.name} has no ${part}`)
    return unit
  }

  get parts(): readonly Part[] {
    return [...this.#units.keys()]
  }

  /** Boots: all units, as tandem.target would. */
  async powerOn(): Promise<void> {
    this.on = true
    for (const unit of this.#units.values()) await unit.start()
  }

  /** All its processes at once, no word to anybody; what only lives in memory is gone. The cables are the caller's. */
  async powerOff(): Promise<void> {
    this.on = false
    const lost = [...this.#units.values()].map(unit => unit.lost())
    // A second look: a process may have been made while the first was taken.
    for (let look = 0; look < 2; look++) for (const pid of this.processes()) kill(pid)
    await Promise.all(lost)
    for (const pid of this.processes()) kill(pid)
    await this.sh('rm -rf /run/* ; nft flush ruleset')
    for (const address of await this.floating()) await this.sh(`ip address del ${address} dev ext`)
  }

  /** All that its disk holds. */
  wipe(): Promise<string> {
    return this.sh('find /var/lib/tandem -mindepth 1 -delete')
  }

  /** Until nothing more fits. */
  async fill(): Promise<void> {
    await this.sh(
      'dd if=/dev/zero of=/var/lib/tandem/filler bs=64k 2>/dev/null; dd if=/dev/zero of=/var/lib/tandem/filler2 bs=512 2>/dev/null; true',
    )
  }

  unfill(): Promise<string> {
    return this.sh('rm -f /var/lib/tandem/filler /var/lib/tandem/filler2')
  }

  /** Addresses with their length on the external card that were not there from the beginning. */
  async floating(): Promise<string[]> {
    const shown = await run('ip', '-n', this.#space, '-o', '-4', 'address', 'show', 'dev', 'ext')
    return [...shown.matchAll(/inet (10\.88\.0\.2\d\/\d+)/g)].map(([, address]) => address ?? '')
  }

  /** Every process that sees its mounts but the one that holds them: what the bench itself does in its network is not the host's. */
  processes(): number[] {
    const pid = this.#holder?.pid
    if (pid === undefined) return []
    const space = readlinkSync(`/proc/${pid}/ns/mnt`)
    return readdirSync('/proc').flatMap(entry => {
      if (!/^\d+$/.test(entry) || Number(entry) === pid) return []
      try {
        return readlinkSync(`/proc/${entry}/ns/mnt`) === space ? [Number(entry)] : []
      } catch {
        // gone meanwhile
        return []
      }
    })
  }

  /** Ends everything, its file system too. */
  async unmake(): Promise<void> {
    if (this.#holder === null) return
    const lost = [...this.#units.values()].map(unit => unit.lost())
    for (let look = 0; look < 3; look++) for (const pid of this.processes()) kill(pid)
    await Promise.all(lost)
    for (const pid of this.processes()) kill(pid)
    this.#holder.kill('SIGKILL')
    this.#holder = null
  }
}

/** One that is gone already is fine. */
export function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error
  }
}

export const logsOf = (dir: string): string => {
  const logs = join(dir, 'log')
  mkdirSync(logs, { recursive: true })
  return logs
}
