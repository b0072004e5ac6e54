// Stands in for an origin where only its supervision is tested: answers /readyz and /_tandem/status, ends on SIGTERM.
// STAND_IN=crash ends with code 3 at once, =mute never gets ready.
import { createServer } from 'node:http'

const { TANDEM_NAME, TANDEM_PUBLIC, TANDEM_PRIVATE, TANDEM_SECRET, STAND_IN } = process.env
if (TANDEM_PUBLIC === undefined || TANDEM_PRIVATE === undefined) throw new Error('no addresses')
if (STAND_IN === 'crash') {
  console.error('the stand-in was told to crash')
  process.exit(3)
}

const listen = (address: string, answer: (url: string, bearer: string | undefined) => [number, unknown]) => {
  const [host, port] = address.split(':')
  return createServer((request, response) => {
    const [status, body] = answer(request.url ?? '', request.headers.authorization)
    response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(body))
  }).listen(Number(port), host)
}

const shards = (['s0', 's1'] as const).map((shard, i) => ({
  shard,
  home: 'ab'[i],
  primary: 'ab'[i],
  members: ['a', 'b'],
  role: 'ab'[i] === TANDEM_NAME ? 'primary' : 'standby',
  lease: 'ab'[i] === TANDEM_NAME ? { remainingMs: 812 } : null,
  committed: { epoch: 5, index: 120 },
  applied: { epoch: 5, index: 120 },
  lag: { entries: 0, ms: 0 },
  quarantined: 0,
}))
const status = {
  name: TANDEM_NAME,
  version: '0.1.0',
  state: 'serving',
  lineage: '0191',
  epoch: 5,
  members: [{ name: 'a' }, { name: 'b' }],
  shards,
  peer: { reachable: true, rttMs: 0.31 },
  redis: { master: '127.0.0.1:8201' },
  registers: { reachable: 3, of: 3 },
  lane: 'queue',
  canLoseAHost: true,
  why: [],
}

const servers = [
  listen(TANDEM_PUBLIC, url => (url === '/readyz' && STAND_IN !== 'mute' ? [200, {}] : [503, { detail: 'mute' }])),
  listen(TANDEM_PRIVATE, (url, bearer) => {
    if (bearer !== `Bearer ${TANDEM_SECRET}`) return [401, { detail: 'wrong secret' }]
    if (url === '/_tandem/status') return [200, status]
    if (url === '/_tandem/digest') {
      const position = { epoch: 5, index: 120, hash: 'c'.repeat(32) }
      return [200, { shards: shards.map(({ shard }) => ({ shard, position, rows: 7, sha256: 'd'.repeat(64) })) }]
    }
    if (url === '/_tandem/handover') return [409, { title: 'Conflict', detail: 'the peer is not a member' }]
    return [200, { ok: true, detail: `${TANDEM_NAME} did ${url}` }]
  }),
]
process.on('SIGTERM', () => {
  for (const server of servers) {
    server.close()
    server.closeAllConnections()
  }
})
