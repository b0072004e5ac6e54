// The client at work: node client/example.ts [URL [TOKEN]]. The URL is any origin's, or the edge's.
import { must, tandem } from './tandem.ts'

type Task = { title: string; done: boolean; notes?: string[] }

/** What is stored is looked at before it is believed; a schema's `parse` does as well. */
function taskOf(value: unknown): Task {
  if (typeof value === 'object' && value !== null && 'title' in value && 'done' in value) {
    return { title: String(value.title), done: value.done === true }
  }
  throw new TypeError('this is no task')
}

const [url = 'http://127.0.0.1:8001', token] = process.argv.slice(2)
const db = tandem({ url, ...(token === undefined ? {} : { token }) })
const tasks = db.collection('example-tasks', taskOf)

// follow what happens from here on, while it happens
const over = new AbortController()
const began = must(await db.readChanges({ since: 'now' })).next
const seen = (async () => {
  for await (const { op, key } of db.changes({ since: began, collection: 'example-tasks', signal: over.signal })) {
    console.log(`changed: ${op} ${key}`)
    // the last that is done below
    if (op === 'delete' && key.endsWith('{ann}-1')) over.abort()
  }
})()

// write, only where there is nothing yet; a refusal is a value
const first = await tasks.put('shopping', { title: 'Shopping', done: false }, { ifNoneMatch: '*' })
if (!first.ok && first.failure.name !== 'precondition-failed') throw new Error(first.failure.name)

// read, change, write: nobody else's change is overwritten
const shopping = must(await tasks.get('shopping'))
if (shopping === null) throw new Error('it is gone')
const changed = await tasks.put('shopping', { ...shopping.value, title: 'Groceries' }, { ifMatch: shopping.etag })
console.log(changed.ok ? `written: ${changed.value.durability}` : `refused: ${changed.failure.name}`)

// change a part of it, in one step
must(await tasks.patch('shopping', { done: true }))
must(await tasks.patchOps('shopping', [{ op: 'test', path: '/done', value: true }]))

// an id of the service's own, gone after an hour
const created = must(await tasks.create({ title: 'Rest', done: false }, { ttlSeconds: 3600 }))
console.log(`created: ${created.id.length} characters of id`)

// two documents, all or none
const results = must(
  await db.transact([
    { op: 'put', key: 'example-tasks/{ann}-1', value: { title: 'One', done: false } },
    { op: 'put', key: 'example-tasks/{ann}-2', value: { title: 'Two', done: false } },
  ]),
)
console.log(`transacted: ${results.length}`)

for await (const { id, value } of tasks.listValues({ prefix: 'shop', pageSize: 10 })) {
  console.log(`listed: ${id} ${value?.title} ${value?.done}`)
}

for (const id of [created.id, 'shopping', '{ann}-2', '{ann}-1']) must(await tasks.delete(id))
await seen
