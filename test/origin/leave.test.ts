import { expect, it } from 'vitest'
import { type Left, leave } from '../../origin/leave.ts'

const BUSY: Left = { ok: false, detail: 'another change is under way' }
const LEFT: Left = { ok: true, detail: 'epoch 3' }

it('asks again while another change is under way', async () => {
  const answers = [BUSY, BUSY, LEFT]
  expect(await leave(async () => answers.shift() ?? LEFT)).toEqual(LEFT)
  expect(answers).toEqual([])
})

it('goes at last, whatever it was told', async () => {
  expect(await leave(async () => BUSY, 120)).toEqual(BUSY)
  expect(await leave(() => new Promise(() => {}), 20)).toBeNull()
})
