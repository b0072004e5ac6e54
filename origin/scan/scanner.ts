// One shard's scans over a connection that cannot write, each in a transaction of its own: one moment of the database.
import { databasePath } from '../store/database.ts'
import { readLast } from '../store/schema.ts'
import { type Db, openReading, rollback } from '../store/sqlite.ts'
import { ChangeScan } from './changescan.ts'
import { ListScan } from './listscan.ts'
import type { Question, ScanAnswer, ScanPlace } from './question.ts'

export class Scanner {
  readonly #db: Db
  readonly #list: ListScan
  readonly #changes: ChangeScan

  constructor({ dataDir, shard }: ScanPlace) {
    this.#db = openReading(databasePath(dataDir, shard))
    this.#list = new ListScan(this.#db)
    this.#changes = new ChangeScan(this.#db)
  }

  /** Throws what the disk says. */
  answer(question: Question): ScanAnswer {
    this.#db.exec('BEGIN')
    try {
      return question.kind === 'changes'
        ? this.#changes.page(question)
        : this.#list.page(question, readLast(this.#db).position.index)
    } finally {
      rollback(this.#db)
    }
  }

  close(): void {
    this.#db.close()
  }
}
