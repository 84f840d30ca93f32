import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { choosePlatform, machinePlatform, type Platform, printPlatform } from './platform.ts'

const CHOICES: readonly (readonly [
  rule: string,
  wanted: string,
  offered: readonly string[],
  chosen: string | undefined,
])[] = [
  ['the same platform', 'linux/amd64', ['linux/arm64', 'linux/amd64'], 'linux/amd64'],
  ['another system never', 'linux/amd64', ['windows/amd64'], undefined],
  ['another processor never', 'linux/amd64', ['linux/arm64', 'unknown/unknown'], undefined],
  ['arm64 is v8', 'linux/arm64', ['linux/arm64/v8'], 'linux/arm64/v8'],
  ['the first of two alike', 'linux/amd64', ['linux/amd64', 'linux/amd64'], 'linux/amd64'],
  ['the same variant of arm', 'linux/arm/v7', ['linux/arm/v5', 'linux/arm/v7', 'linux/arm/v6'], 'linux/arm/v7'],
  ['the highest lower variant', 'linux/arm/v7', ['linux/arm/v5', 'linux/arm/v6'], 'linux/arm/v6'],
  ['a higher variant never', 'linux/arm/v6', ['linux/arm/v7'], undefined],
  ['a newer amd64 never', 'linux/amd64', ['linux/amd64/v3', 'linux/amd64'], 'linux/amd64'],
  ['an index without platforms holds one image', 'linux/amd64', ['-'], '-'],
  ['one without a platform beside others is not it', 'linux/amd64', ['-', 'linux/arm64'], undefined],
  ['nothing of nothing', 'linux/amd64', [], undefined],
]

describe('choosePlatform', () => {
  for (const [rule, wanted, offered, chosen] of CHOICES) {
    it(`${rule}: ${chosen ?? 'none'} of [${offered.join(', ')}] for ${wanted}`, () => {
      const entries = offered.map((text) => ({ text, platform: text === '-' ? undefined : platform(text) }))
      assert.equal(choosePlatform(entries, platform(wanted))?.text, chosen)
    })
  }
})

describe('machinePlatform', () => {
  it('speaks of processors as images do', () => {
    assert.deepEqual(machinePlatform('x64'), { os: 'linux', architecture: 'amd64' })
    assert.equal(printPlatform(machinePlatform('arm', 7)), 'linux/arm/v7')
    assert.equal(printPlatform(machinePlatform('riscv64')), 'linux/riscv64')
  })
})

function platform(text: string): Platform {
  const [os = '', architecture = '', variant] = text.split('/')
  return { os, architecture, ...(variant === undefined ? {} : { variant }) }
}
