import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Pod } from '../../../kube/api/pod.ts'
import { chooseContainer } from './choose-container.ts'

function pod(containers: readonly string[], annotation?: string, more: object = {}): Pod {
  const annotations = annotation === undefined ? {} : { 'kubectl.kubernetes.io/default-container': annotation }
  return {
    metadata: { name: 'web', annotations },
    spec: { containers: containers.map((name) => ({ name })), ...more },
  } as unknown as Pod
}

describe('which container is meant', () => {
  const others = { initContainers: [{ name: 'init' }], ephemeralContainers: [{ name: 'debug' }] }
  for (const [what, given, asked, expected] of [
    ['the only one', pod(['app']), undefined, { name: 'app' }],
    ['the one that is named', pod(['app', 'side']), 'side', { name: 'side' }],
    ['an init container that is named', pod(['app'], undefined, others), 'init', { name: 'init' }],
    ['the one of the annotation', pod(['app', 'side'], 'side'), undefined, { name: 'side' }],
    [
      'the first one, when the annotation names none',
      pod(['app', 'side'], 'none'),
      undefined,
      { name: 'app', notice: 'Defaulted container "app" out of: app, side' },
    ],
    [
      'the first one, beside others',
      pod(['app'], undefined, others),
      undefined,
      { name: 'app', notice: 'Defaulted container "app" out of: app, debug (ephem), init (init)' },
    ],
  ] as const) {
    it(what, () => assert.deepEqual(chooseContainer(given, asked), expected))
  }
  it('one that is not there', () => {
    assert.throws(() => chooseContainer(pod(['app', 'side']), 'x'), /pod "web" has no container "x"; it has app, side/)
  })
})
