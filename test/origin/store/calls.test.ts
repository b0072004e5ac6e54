// What goes to a shard's thread arrives as it was sent, whatever it is.
import { expect, test } from 'vitest'
import { packCommands, resultOf, textOf, unpackCommands } from '../../../origin/store/calls.ts'
import type { WriteCommand } from '../../../replicator/store/command.ts'
import type { WriteResult } from '../../../replicator/store/shardstore.ts'

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
const HALF_A_PAIR = 'c/\ud800'

const COMMANDS: readonly WriteCommand[] = [
  { op: 'put', key: 'c/ä"\\\n', type: 'text/plain', body: bytes('one'), expires: null, conditions: [], at: 1 },
  {
    op: 'put',
    key: HALF_A_PAIR,
    type: '',
    body: bytes(''),
    expires: 2 ** 50,
    conditions: [{ kind: 'none' }, { kind: 'match', etags: ['"1-2-3"'] }, { kind: 'noneMatch', etags: '*' }],
    at: 0,
    idem: { kind: 'client', scope: 'cabc', fingerprint: 'f' },
  },
  { op: 'create', key: 'c/2', type: 'a/b', body: bytes('two'), expires: 3, conditions: [], at: 2 },
  { op: 'patch', key: 'c/3', form: 'merge', body: bytes('{}'), bytesMax: 9, conditions: [], at: 3 },
  {
    op: 'tx',
    ops: [
      { op: 'put', key: 'c/4', type: 'a/b', body: bytes('three'), expires: null, conditions: [] },
      { op: 'check', key: 'c/5', conditions: [] },
      { op: 'patch', key: 'c/6', form: 'json', body: bytes('[]'), bytesMax: 9, conditions: [] },
      { op: 'delete', key: 'c/7', conditions: [] },
    ],
    at: 4,
    idem: { kind: 'minted', scope: 'm0', mintedAt: 5 },
  },
  { op: 'delete', key: 'c/8', conditions: [], at: 5 },
  { op: 'expire', keys: ['c/9', 'c/10'], at: 6 },
]

test('commands of every kind, their bodies in one buffer', () => {
  const { commands, pack } = packCommands(COMMANDS)
  expect(pack.byteLength).toBe('one'.length + 'two'.length + '{}'.length + 'three'.length + '[]'.length)
  expect(unpackCommands(commands, pack)).toEqual(COMMANDS)
})

const RESULTS: readonly WriteResult<{ epoch: number; index: number; hash: string }>[] = [
  { kind: 'refused', reason: 'fenced', detail: 'epoch 3 is over' },
  { kind: 'done', outcomes: [], entry: null, seen: 7 },
  {
    kind: 'done',
    outcomes: [
      { kind: 'created', etag: '"1-2-3"', modified: 4 },
      { kind: 'transacted', etags: [null, '"1-2-3"'], modified: 4 },
      { kind: 'preconditionFailed', etag: null },
      { kind: 'refused', op: 1, refusal: { kind: 'testFailed', detail: HALF_A_PAIR } },
    ],
    entry: { epoch: 1, index: 2, hash: '00' },
    seen: 2,
  },
]

test('what became of them', () => {
  for (const result of RESULTS) expect(resultOf(textOf(result))).toEqual(result)
})
