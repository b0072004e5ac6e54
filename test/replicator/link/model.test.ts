// The model twin passes the suite of the real link.
import { createModelLinks } from '../../models/link.ts'
import { linkSuite } from './suite.ts'

linkSuite('model in memory', async handlers => {
  const links = createModelLinks({ handlers })
  return {
    a: links.a,
    b: links.b,
    stop: async () => {
      await Promise.all([links.a.close(), links.b.close()])
    },
  }
})
