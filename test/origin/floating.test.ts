// What an origin does about floating addresses: asks for its own, gives the other's back, lets go when it stops.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { floatingAddresses } from '../../origin/floating.ts'
import type { Listening } from '../../origin/http/server.ts'
import { silentLog } from '../fixtures/silentlog.ts'

const HERE = '192.0.2.22'
const AWAY = '192.0.2.21'

let dir: string
let close: () => Promise<void> = async () => {}
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'tandem-floating-'))
})
afterEach(async () => {
  await close()
  rmSync(dir, { recursive: true, force: true })
})

function addresses(home: string, guest: string, unfit: string) {
  const [fitFile, unfitFile] = [join(dir, 'fit'), join(dir, 'unfit')]
  writeFileSync(unfitFile, `${unfit}\n`)
  const ended: string[] = []
  let asked = 0
  const here = new Set([HERE])
  const publicly: Listening = {
    host: HERE,
    port: 1,
    part: address => {
      ended.push(`part ${address ?? 'all'}`)
      return () => void ended.push(`end of ${address}`)
    },
    emptied: async (_, address) => void ended.push(`emptied ${address ?? 'all'}`),
    close: async () => {},
  }
  const floating = floatingAddresses({
    floating: { home, guest, fitFile, unfitFile },
    fits: () => true,
    isHere: address => here.has(address),
    publicly,
    askBack: async () => {
      asked++
      return { ok: true, detail: '' }
    },
    log: silentLog,
  })
  const file = (): string[] => readFileSync(fitFile, 'utf8').split(' ')
  close = () => {
    here.clear()
    return floating.leaves()
  }
  return { floating, ended, here, asked: () => asked, word: () => file()[0], said: () => Number(file()[1]) }
}

test('one whose address is away asks for it, as soon as the watch lets it', async () => {
  const { asked } = addresses(AWAY, HERE, '0')
  await expect.poll(asked, { timeout: 5000 }).toBeGreaterThan(0)
})

test("the other host's is given back in order: connections end, new ones are held off, then it goes", async () => {
  const { floating, ended, here, word } = addresses(AWAY, HERE, '0')
  expect(word()).toBe('1')
  expect(floating.giveBack().ok).toBe(true)
  expect(floating.giveBack().ok).toBe(false)
  expect(ended).toEqual([`part ${HERE}`])
  await expect.poll(word, { timeout: 5000, interval: 20 }).toBe('3')
  await expect.poll(word, { timeout: 5000, interval: 20 }).toBe('4')
  expect(ended).toEqual([`part ${HERE}`, `emptied ${HERE}`])
  here.delete(HERE)
  await expect.poll(word, { timeout: 5000, interval: 20 }).toBe('1')
  expect(ended.at(-1)).toBe(`end of ${HERE}`)
})

test("while the other host's has not gone new connections are held off, and not for ever", async () => {
  const { floating, ended, word, said } = addresses(AWAY, HERE, '0')
  floating.giveBack()
  await expect.poll(word, { timeout: 5000, interval: 20 }).toBe('4')
  const before = said()
  // longer than keepalived needs
  await expect.poll(said, { timeout: 5000, interval: 20 }).toBeGreaterThan(before + 10)
  expect(word()).toBe('4')
  await expect.poll(word, { timeout: 10_000, interval: 20 }).toBe('1')
  expect(ended.at(-1)).toBe(`end of ${HERE}`)
})

test('what is not here is not given', () => {
  expect(addresses(HERE, AWAY, '0').floating.giveBack()).toMatchObject({ ok: false })
})

test('one that stops says first that it leaves, and that it has left when its connections have ended', async () => {
  const { floating, ended, here, word } = addresses(HERE, AWAY, '0')
  close = async () => {}
  floating.parts()
  const left = floating.leaves()
  expect(word()).toBe('1')
  await expect.poll(word, { timeout: 5000, interval: 20 }).toBe('2')
  await expect.poll(word, { timeout: 5000, interval: 20 }).toBe('0')
  expect(ended).toEqual(['part all', 'emptied all'])
  here.clear()
  await left
})
