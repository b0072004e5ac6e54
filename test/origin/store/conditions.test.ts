import { describe, expect, test } from 'vitest'
import { conditionHolds } from '../../../origin/store/conditions.ts'
import type { Condition } from '../../../replicator/store/command.ts'

describe('on a document whose ETag is "1.1.0"', () => {
  const cases: [string, Condition, boolean][] = [
    ['If-Match with it', { kind: 'match', etags: ['"0.0.0"', '"1.1.0"'] }, true],
    ['If-Match *', { kind: 'match', etags: '*' }, true],
    ['If-Match with another', { kind: 'match', etags: ['"1.1.1"'] }, false],
    ['If-Match with nothing', { kind: 'match', etags: [] }, false],
    ['If-Match compares strongly', { kind: 'match', etags: ['W/"1.1.0"'] }, false],
    ['If-None-Match with it', { kind: 'noneMatch', etags: ['"1.1.0"'] }, false],
    ['If-None-Match compares weakly', { kind: 'noneMatch', etags: ['"0.0.0"', 'W/"1.1.0"'] }, false],
    ['If-None-Match with another', { kind: 'noneMatch', etags: ['"1.1.1"'] }, true],
    ['If-None-Match *', { kind: 'noneMatch', etags: '*' }, false],
    ['none', { kind: 'none' }, true],
  ]
  test.each(cases)('%s', (_, condition, holds) => {
    expect(conditionHolds(condition, '"1.1.0"')).toBe(holds)
  })
})

test('where there is no document, If-Match fails and If-None-Match holds', () => {
  for (const etags of ['*' as const, ['"1.1.0"']]) {
    expect(conditionHolds({ kind: 'match', etags }, null)).toBe(false)
    expect(conditionHolds({ kind: 'noneMatch', etags }, null)).toBe(true)
  }
})
