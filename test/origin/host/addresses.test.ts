// What this host's cards have: its loopback address stands for a floating one that is here.
import { expect, test } from 'vitest'
import { addressesHere } from '../../../origin/host/addresses.ts'

const HERE = '127.0.0.1'
const AWAY = '192.0.2.22'
const files = { fitFile: '/run/fit', unfitFile: '/run/unfit' }

test('both hosts list the same addresses in the same order, each with what it holds itself', () => {
  const listed = [
    { address: HERE, home: 'a', held: true },
    { address: AWAY, home: 'b', held: false },
  ]
  expect(addressesHere({ home: HERE, guest: AWAY, ...files }, 'a')).toEqual(listed)
  expect(addressesHere({ home: AWAY, guest: HERE, ...files }, 'b')).toEqual(listed)
})

test('none are listed where none are configured', () => {
  expect(addressesHere(null, 'a')).toEqual([])
})
