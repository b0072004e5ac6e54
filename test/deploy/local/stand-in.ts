// Stands in for an origin where only its supervision is tested: answers /readyz and /_tandem/status, ends on SIGTERM.
// STAND_IN=crash ends with code 3 at once, =mute never gets ready.
import { createServer } from 'node:http'

const { TANDEM_NAME, TANDEM_PUBLIC, TANDEM_PRIVATE, TANDEM_SECRET, STAND_IN } = process.env
if (TANDEM_PUBLIC === undefined || TANDEM_PRIVATE === undefined) throw new Error('no addresses')
if (STAND_IN === 'crash') {
  console.error('the stand-in was told to crash')
  process.exit(3)
}

const listen = (
  address: string,
  answer: (url: string, bearer: string | undefined, method: string | undefined) => [number, unknown],
) => {
  const [host, port] = address.split(':')
  return createServer((request, response) => {
    const [status, body] = answer(request.url ?? '', request.headers.authorization, request.method)
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
let store = `store of ${TANDEM_NAME}`
const status = () => ({
  store,
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
  // a holds both: b's is away from home
  addresses: (['a', 'b'] as const).map((home, i) => ({
    address: `192.0.2.2${i + 1}`,
    home,
    held: TANDEM_NAME === 'a',
  })),
  canLoseAHost: true,
  why: [],
})

const differing = ['docs/x', 'docs/\u001b[2J\u009b1mgone\u202etxt', `docs/${'long-'.repeat(40)}x`].map(key => ({
  table: 'documents',
  key,
  here: '0a'.repeat(16),
  there: null,
}))
const verified = {
  step: 'compares s1',
  progress: 100,
  end: { ok: false, detail: '3 of 14 rows differ' },
  result: {
    shards: [
      { shard: 's0', rows: 7, differing, more: false, unsure: [] },
      { shard: 's1', rows: 7, differing: [], more: false, unsure: [] },
    ],
  },
}

const kept = [{ file: `s0-1234567.${'8'.repeat(16)}-1.jsonl`, shard: 's0', epoch: 1, index: 8, bytes: 90, at: 0 }]

const servers = [
  listen(TANDEM_PUBLIC, url => (url === '/readyz' && STAND_IN !== 'mute' ? [200, {}] : [503, { detail: 'mute' }])),
  listen(TANDEM_PRIVATE, (url, bearer, method) => {
    if (bearer !== `Bearer ${TANDEM_SECRET}`) return [401, { detail: 'wrong secret' }]
    if (url === '/_tandem/status') return [200, status()]
    if (url === '/_tandem/jobs/verify' && method === 'GET') return [200, verified]
    if (url.startsWith('/_tandem/force-primary')) {
      const loss = ['This copy ends somewhere.']
      return [200, { origin: 'a', refused: ['origin b is connected: it lives'], loss, confirm: 'origin b is off' }]
    }
    if (url === '/_tandem/resync') store += ', new'
    if (url === '/_tandem/quarantine') return [200, { files: kept }]
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
