import assert from 'node:assert/strict'
import { constants } from 'node:os'
import { describe, it } from 'node:test'
import { sampleContainer } from './sample-pod.ts'
import { effectiveStopSignal, signalNumber } from './stop-signal.ts'

const plain = sampleContainer('web')
const usr1 = sampleContainer('web', { lifecycle: { stopSignal: 'SIGUSR1' } })

describe('the stop signal', () => {
  const rows: readonly (readonly [
    rule: string,
    container: typeof plain,
    ofImage: string | undefined,
    signal: string,
  ])[] = [
    ['H8: SIGTERM', plain, undefined, 'SIGTERM'],
    ['H8: the image may name another', plain, 'SIGQUIT', 'SIGQUIT'],
    ['H8: in short', plain, 'quit', 'SIGQUIT'],
    ['H8: or by its number', plain, '3', 'SIGQUIT'],
    ['H8: a real-time one', plain, 'SIGRTMIN+3', 'SIGRTMIN+3'],
    ['H8: that by its number', plain, '37', 'SIGRTMIN+3'],
    ['H8: the last one', plain, '64', 'SIGRTMAX'],
    ['H8: what is no signal counts as none', plain, 'SIGNOTHING', 'SIGTERM'],
    ['H8: nor is this number', plain, '0', 'SIGTERM'],
    ['H8: the manifest has the last word', usr1, 'SIGQUIT', 'SIGUSR1'],
  ]
  for (const [rule, container, ofImage, signal] of rows) {
    it(rule, () => {
      assert.equal(effectiveStopSignal(container, ofImage), signal)
    })
  }

  it('has the number that Linux gives it', () => {
    for (const [name, number] of Object.entries(constants.signals)) {
      // Node's own names for what Linux calls otherwise.
      if (name !== 'SIGUNUSED') assert.equal(signalNumber(name), number, name)
    }
    const realTime = ['SIGRTMIN', 'SIGRTMIN+15', 'SIGRTMAX-14', 'SIGRTMAX'].map(signalNumber)
    assert.deepEqual(realTime, [34, 49, 50, 64])
  })
})
