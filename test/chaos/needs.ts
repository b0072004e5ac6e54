// What the bench needs of the machine: root, namespaces, and the distribution's programs.
import { succeeds } from './shell.ts'

const PROGRAMS = [
  'ip',
  'nft',
  'nsenter',
  'unshare',
  'keepalived',
  'ping',
  'redis-server',
  'redis-sentinel',
  'redis-cli',
]

/** In a sentence what is missing, or null. */
export async function missing(): Promise<string | null> {
  if (process.getuid?.() !== 0) return 'it needs root, for network namespaces'
  const lacking: string[] = []
  for (const program of PROGRAMS) if (!(await succeeds('sh', '-c', `command -v ${program}`))) lacking.push(program)
  if (lacking.length > 0) return `these programs are missing: ${lacking.join(', ')}`
  return (await succeeds('unshare', '--net', '--mount', 'true')) ? null : 'this machine allows no namespaces'
}
