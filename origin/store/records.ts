// The idempotency records of a shard: found by scope, counted, and handed out oldest first when they are due.
import { isMinted, MINTED, mintedAt } from '../../replicator/entry/record.ts'
import type { Row } from '../../replicator/entry/row.ts'
import { blob, type Column, type Db, int, type Statement, text } from './sqlite.ts'

/** What changes with the rows, known without asking them. */
type Tally = {
  readonly minted: number
  readonly client: number
  /** no record is kept of a router's key that was minted up to here: such a key cannot be judged any more */
  readonly floor: number
}

export class Records {
  readonly #read: Statement
  readonly #insert: Statement
  readonly #remove: Statement
  readonly #dueMinted: Statement
  readonly #nthMinted: Statement
  readonly #run: Statement
  readonly #removeRun: Statement
  readonly #oldestClient: Statement
  readonly #raise: Statement
  readonly #tally: Statement
  #now: Tally
  #committed: Tally
  #marked: Tally

  constructor(db: Db) {
    this.#read = db.prepare('SELECT * FROM records WHERE key = ?')
    // A scope that is there already is told by the number of changes: no look before.
    this.#insert = db.prepare('INSERT INTO records VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING')
    this.#remove = db.prepare('DELETE FROM records WHERE key = ?')
    const minted = `FROM records WHERE key >= '${MINTED}'`
    this.#dueMinted = db.prepare(
      `SELECT max(key) AS key FROM (SELECT key, modified ${minted} ORDER BY key LIMIT ?) WHERE modified < ?`,
    )
    this.#nthMinted = db.prepare(`SELECT key ${minted} ORDER BY key LIMIT 1 OFFSET ?`)
    this.#run = db.prepare(`SELECT group_concat(key || ' ' || epoch || ' ' || idx || ' ' || n || ' ' || modified || ' '
      || hex(body), char(10) ORDER BY key) AS run ${minted} AND key <= ?`)
    this.#removeRun = db.prepare(`DELETE ${minted} AND key <= ?`)
    this.#oldestClient = db.prepare(`SELECT * FROM records WHERE key < '${MINTED}' ORDER BY modified LIMIT ?`)
    this.#raise = db.prepare('UPDATE meta SET minted_floor = ? WHERE minted_floor < ?')
    this.#tally = db.prepare(`SELECT (SELECT count(*) ${minted}) AS minted,
      (SELECT count(*) FROM records WHERE key < '${MINTED}') AS client, minted_floor AS floor FROM meta`)
    this.#now = this.#readTally()
    this.#committed = this.#now
    this.#marked = this.#now
  }

  get tally(): Tally {
    return this.#now
  }

  read(scope: string): Row | null {
    const row = this.#read.get(scope)
    return row === undefined ? null : rowOf(row)
  }

  /** False where there is one already; nothing is changed then. */
  insert({ key, body, epoch, index, n, modified }: Omit<Row, 'type' | 'expires'>): boolean {
    if (this.#insert.run(key, body, epoch, index, n, modified).changes !== 1) return false
    this.#count(key, 1)
    return true
  }

  remove(scope: string): void {
    this.#remove.run(scope)
    this.#count(scope, -1)
  }

  /**
   * What the removal of a scope takes away, as one row. A router's own scopes go in a run, up to the one that is named:
   * that is a third of the price of one operation for each. The row's body is then the text of all of them.
   */
  falling(scope: string): Row | null {
    if (!isMinted(scope)) return this.read(scope)
    const run = this.#run.get(scope)?.run
    if (run === null || run === undefined) return null
    const body = Buffer.from(text(run), 'latin1')
    return { key: scope, type: '', body, epoch: 0, index: 0, n: 0, modified: 0, expires: null }
  }

  /** From now on a router's key of this age is outdated. */
  forget(scope: string): void {
    const floor = mintedAt(scope)
    if (floor === null) return this.remove(scope)
    this.#count(scope, -Number(this.#removeRun.run(scope).changes))
    if (floor <= this.#now.floor) return
    this.#raise.run(floor, floor)
    this.#now = { ...this.#now, floor }
  }

  /** Brings back what `falling` gave; false where that cannot be. The floor stays: it only ever refuses. */
  restore(row: Row): boolean {
    if (!isMinted(row.key)) return this.insert(row)
    const rows = rowsOf(Buffer.from(row.body).toString('latin1'))
    return rows?.every(each => this.insert(each)) ?? false
  }

  /** The end of the run of routers' records that is due at `at`, or beyond the number that is kept. */
  dueRun(at: number, over: number, limit: number): string | null {
    const tooMany = over > 0 ? this.#nthMinted.get(Math.min(over, limit) - 1)?.key : null
    const due = this.#dueMinted.get(limit, at)?.key ?? null
    if (tooMany === null || tooMany === undefined) return due === null ? null : text(due)
    return due === null || text(tooMany) > text(due) ? text(tooMany) : text(due)
  }

  /** At most `limit` of clients' records, in the order in which they are due. */
  oldestOfClients(limit: number): Row[] {
    return this.#oldestClient.all(limit).map(rowOf)
  }

  /** Follows the transaction: a savepoint was set, rolled back to; all was committed, or abandoned. */
  mark(): void {
    this.#marked = this.#now
  }
  backToMark(): void {
    this.#now = this.#marked
  }
  committed(): void {
    this.#committed = this.#now
  }
  abandoned(): void {
    this.#now = this.#committed
  }

  #count(scope: string, by: number): void {
    const { minted, client, floor } = this.#now
    this.#now = isMinted(scope) ? { minted: minted + by, client, floor } : { minted, client: client + by, floor }
  }

  #readTally(): Tally {
    const row = this.#tally.get()
    return { minted: int(row?.minted), client: int(row?.client), floor: int(row?.floor) }
  }
}

export function rowOf(row: Record<string, Column>): Row {
  return {
    key: text(row.key),
    type: '',
    body: blob(row.body),
    epoch: int(row.epoch),
    index: int(row.idx),
    n: int(row.n),
    modified: int(row.modified),
    expires: null,
  }
}

const LINE = /^(m\S+) ([0-9]+) ([0-9]+) ([0-9]+) ([0-9]+) ([0-9A-F]*)$/

function rowsOf(run: string): Omit<Row, 'type' | 'expires'>[] | null {
  const rows: Omit<Row, 'type' | 'expires'>[] = []
  for (const line of run.split('\n')) {
    const match = LINE.exec(line)
    if (match === null) return null
    const [, key = '', epoch, index, n, modified, body = ''] = match
    const numbers = { epoch: Number(epoch), index: Number(index), n: Number(n), modified: Number(modified) }
    rows.push({ key, body: Buffer.from(body, 'hex'), ...numbers })
  }
  return rows
}
