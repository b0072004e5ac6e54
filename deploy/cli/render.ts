// tandem render: what each host needs, from one cluster file.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { describeFaults, type Fault } from '../../origin/config.ts'
import { ORIGINS } from '../../router/words.ts'
import { readCluster } from '../hosts/clusterfile.ts'
import { originFaults } from '../hosts/originenv.ts'
import { filesOf, type Material } from '../hosts/render.ts'
import { readSecrets } from '../hosts/secrets.ts'
import { HOSTS } from '../redis/render.ts'
import type { Command } from './command.ts'
import { type Outcome, RefusedError, UsageError, WIDTH, wrapped } from './outcome.ts'

export const renderCommand: Command = {
  name: 'render',
  usage: 'CLUSTER_FILE OUT_DIR',
  summary: 'writes the configuration of all three hosts from one cluster file',
  details:
    'OUT_DIR/a, OUT_DIR/b and OUT_DIR/w get Redis, Sentinel, firewall and units, a and b the origin and what moves the floating addresses (keepalived, or Corosync and Pacemaker) as well, each with an install.sh. Passwords that the directory of secrets lacks are made there. The same cluster file renders the same files. OUT_DIR holds secrets: keep it like them.',
  examples: ['tandem render cluster.toml rendered', 'tandem render /etc/tandem/cluster.toml /root/rendered --json'],
  async run({ args }) {
    const [file, out, ...more] = args
    if (file === undefined || out === undefined || more.length > 0)
      throw new UsageError('Name the cluster file and the directory to write to.')
    return renderTo(resolve(file), resolve(out))
  },
}

function renderTo(file: string, out: string): Outcome {
  const material = gather(file)
  const written: string[] = []
  for (const host of HOSTS) {
    // What an earlier cluster file rendered and this one does not must not be installed again.
    rmSync(join(out, host), { recursive: true, force: true })
    for (const { path, text, mode } of filesOf(material, host)) {
      const at = join(out, host, path)
      mkdirSync(dirname(at), { recursive: true, mode: 0o700 })
      writeFileSync(at, text, { mode: Number.parseInt(mode, 8) })
      written.push(at)
    }
  }
  const { made } = material
  const lines = [
    `${written.length} files for a, b and w are in ${out}. Copy each directory to its host and run its install.sh there.`,
    ...(made.length === 0 ? [] : [`Secrets were made: ${made.join(', ')}.`]),
  ]
  return {
    ok: true,
    text: lines.map(line => wrapped(line, WIDTH)).join('\n'),
    json: { ok: true, out, files: written, secretsMade: made },
  }
}

function gather(file: string): Material & { readonly made: readonly string[] } {
  const read = readCluster(readFileSync(file, 'utf8'))
  if (read.kind === 'faults') throw refused(file, read.faults)
  const { cluster } = read
  const beside = (path: string): string => resolve(dirname(file), path)
  const secrets = readSecrets(beside(cluster.secrets))
  if (secrets.kind === 'faults') throw refused(file, secrets.faults)
  const faults = ORIGINS.flatMap(name => originFaults(cluster, name, secrets.secrets))
  if (faults.length > 0) throw refused(file, faults)
  return {
    cluster,
    secrets: secrets.secrets,
    tokens: readFileSync(beside(cluster.tokens), 'utf8'),
    made: secrets.made,
  }
}

const refused = (file: string, faults: readonly Fault[]): RefusedError =>
  new RefusedError(`${file} cannot be used:\n${describeFaults(faults)}`)
