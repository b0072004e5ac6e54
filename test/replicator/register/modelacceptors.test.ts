import { describe } from 'vitest'
import { ModelAcceptors } from '../../models/acceptors.ts'
import { acceptorSuite, type Subject } from './acceptorsuite.ts'

describe('acceptors in memory', () => {
  const model = new ModelAcceptors()
  const subject: Subject = {
    acceptors: model,
    others: model,
    wipe: async name => model.wipe(name),
    down: async name => model.down(name),
    up: async name => model.up(name),
  }
  acceptorSuite(() => subject)
})
