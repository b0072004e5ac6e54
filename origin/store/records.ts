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
  readonly #oldestMinted: Statement
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
    this.#oldestMinted = db.prepare(`SELECT * FROM records WHERE key >= '${MINTED}' ORDER BY key LIMIT ?`)
    this.#oldestClient = db.prepare(`SELECT * FROM records WHERE key < '${MINTED}' ORDER BY modified LIMIT ?`)
    this.#raise = db.prepare('UPDATE meta SET minted_floor = ? WHERE minted_floor < ?')
    this.#tally = db.prepare(`SELECT (SELECT count(*) FROM records WHERE key >= '${MINTED}') AS minted,
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
  insert({ key, body, epoch, index, n, modified }: Omit<Row, 'type'>): boolean {
    if (this.#insert.run(key, body, epoch, index, n, modified).changes !== 1) return false
    this.#count(key, 1)
    return true
  }

  remove(scope: string): void {
    this.#remove.run(scope)
    this.#count(scope, -1)
  }

  /** Expired or too many, never undone: from now on this router's key and every older one is outdated. */
  forget(scope: string): void {
    this.remove(scope)
    const floor = mintedAt(scope)
    if (floor === null || floor <= this.#now.floor) return
    this.#raise.run(floor, floor)
    this.#now = { ...this.#now, floor }
  }

  /** At most `limit`, in the order in which they are due. */
  oldest(kind: 'minted' | 'client', limit: number): Row[] {
    const statement = kind === 'minted' ? this.#oldestMinted : this.#oldestClient
    return statement.all(limit).map(rowOf)
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
  }
}
