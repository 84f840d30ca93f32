import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Failure } from '../../../failure.ts'
import type { PodSpec, Volume } from '../../../kube/api/pod.ts'
import { testContainer, testPod } from '../test-pod.ts'
import type { Sources } from './pod-sources.ts'
import { filesOfVolume } from './volume-files.ts'
import { renewAtMs } from './volume-tokens.ts'

const SOURCES: Sources = {
  configMap: (name) =>
    name === 'settings'
      ? {
          apiVersion: 'v1',
          kind: 'ConfigMap',
          metadata: {},
          data: { a: 'A', 'b.conf': 'B' },
          binaryData: { bin: '/wA=' },
        }
      : undefined,
  secret: (name) =>
    name === 'keys' ? { apiVersion: 'v1', kind: 'Secret', metadata: {}, data: { word: 'c2VjcmV0' } } : undefined,
}
const TOKENS = new Map<string, string | Failure>([
  ['token', 'TOKEN'],
  ['none', new Failure('FailedMount', 'failed to fetch token: serviceaccounts "x" not found')],
])
const LABELS = { b: '2', a: 'line\n"quoted" \\ \u0000\u007f ü \u2028' }

function filesIn(volume: Omit<Volume, 'name'>, spec: Partial<PodSpec> = {}): Record<string, string> {
  const pod = testPod(spec)
  const labelled = { ...pod, metadata: { ...pod.metadata, labels: LABELS } }
  const facts = { sources: SOURCES, tokens: TOKENS, allocatable: { cpu: '4' } }
  const files = filesOfVolume(labelled, { name: 'v', ...volume }, facts)
  const shown = [...files].map(([path, { content, mode, uid }]): [string, string] => [
    path,
    `${content.toString('latin1')} ${mode.toString(8)}${uid === undefined ? '' : ` of ${uid}`}`,
  ])
  return Object.fromEntries(shown)
}

const fieldFile = (fieldPath: string) => ({ items: [{ path: 'f', fieldRef: { fieldPath } }], defaultMode: 0o400 })
const token = { serviceAccountToken: { path: 'token' } }

const HELD: [rule: string, volume: Omit<Volume, 'name'>, files: Record<string, string>, spec?: Partial<PodSpec>][] = [
  [
    'all of a ConfigMap, binary data too',
    { configMap: { name: 'settings' } },
    { a: 'A 644', 'b.conf': 'B 644', bin: '\xff\0 644' },
  ],
  [
    'the items, each where it is to be, with its mode',
    {
      configMap: {
        name: 'settings',
        defaultMode: 0o600,
        items: [
          { key: 'a', path: 'etc/x' },
          { key: 'bin', path: 'y', mode: 0o755 },
        ],
      },
    },
    { 'etc/x': 'A 600', y: '\xff\0 755' },
  ],
  ['a Secret', { secret: { secretName: 'keys', defaultMode: 0o400 } }, { word: 'secret 400' }],
  ['nothing of what is optional and not there', { configMap: { name: 'none', optional: true } }, {}],
  [
    'not the keys of something optional that are not there',
    {
      secret: {
        secretName: 'keys',
        optional: true,
        items: [
          { key: 'word', path: 'w' },
          { key: 'valueOf', path: 'n' },
        ],
      },
    },
    { w: 'secret 644' },
  ],
  ['E2: a name', { downwardAPI: fieldFile('metadata.name') }, { f: 'web 400' }],
  ['E2: one label', { downwardAPI: fieldFile("metadata.labels['b']") }, { f: '2 400' }],
  [
    'E2: all labels, by name, quoted as Go does',
    { downwardAPI: fieldFile('metadata.labels') },
    { f: 'a="line\\n\\"quoted\\" \\\\ \\x00\\x7f \xfc \\u2028"\nb="2" 400'.replace('\xfc', '\xc3\xbc') },
  ],
  ['E2: no annotations', { downwardAPI: fieldFile('metadata.annotations') }, { f: ' 400' }],
  [
    'E2: what a container may use',
    { downwardAPI: { items: [{ path: 'f', resourceFieldRef: { containerName: 'app', resource: 'limits.cpu' } }] } },
    { f: '4 644' },
  ],
  [
    'sources one after the other, the later winning',
    {
      projected: {
        defaultMode: 0o444,
        sources: [
          { configMap: { name: 'settings', items: [{ key: 'a', path: 'same' }] } },
          { secret: { name: 'keys', items: [{ key: 'word', path: 'same' }] } },
          { downwardAPI: { items: [{ path: 'ns', fieldRef: { fieldPath: 'metadata.namespace' } }] } },
          token,
        ],
      },
    },
    { same: 'secret 444', ns: 'default 444', token: 'TOKEN 444' },
  ],
  [
    'a token for the one user of all containers alone',
    { projected: { sources: [token] } },
    { token: 'TOKEN 600 of 1000' },
    { securityContext: { runAsUser: 1000 } },
  ],
  [
    'a token for everybody when containers have different users',
    { projected: { sources: [token] } },
    { token: 'TOKEN 644' },
    {
      securityContext: { runAsUser: 1000 },
      containers: [testContainer(), testContainer({ name: 'b', securityContext: { runAsUser: 0 } })],
    },
  ],
]

const REFUSED: [volume: Omit<Volume, 'name'>, message: string][] = [
  [{ configMap: { name: 'none' } }, 'configmap "none" not found'],
  [{ secret: { secretName: 'none' } }, 'secret "none" not found'],
  [
    { configMap: { name: 'settings', items: [{ key: 'k', path: 'k' }] } },
    'configmap references non-existent config key: k',
  ],
  [{ secret: { secretName: 'keys', items: [{ key: 'k', path: 'k' }] } }, 'references non-existent secret key: k'],
  [
    { projected: { sources: [{ configMap: { name: 'none' } }, { secret: { name: 'none' } }] } },
    '[configmap "none" not found, secret "none" not found]',
  ],
  [
    { projected: { sources: [{ serviceAccountToken: { path: 'none' } }] } },
    'failed to fetch token: serviceaccounts "x" not found',
  ],
  [
    { projected: { sources: [{ serviceAccountToken: { path: 'other' } }] } },
    'there is no API here to give a token for',
  ],
]

describe('what a volume holds (V2)', () => {
  for (const [rule, volume, files, spec] of HELD) {
    it(rule, () => assert.deepEqual(filesIn(volume, spec), files))
  }
  for (const [volume, message] of REFUSED) {
    it(`not: ${message}`, () => assert.throws(() => filesIn(volume), new Failure('FailedMount', message)))
  }
})

describe('a token is renewed', () => {
  it('when four fifths of its life are over', () => {
    assert.equal(renewAtMs({ token: '', issuedAtMs: 1_000, expiresAtMs: 3_601_000 }), 2_881_000)
  })
  it('after a day, however long it lives', () => {
    assert.equal(renewAtMs({ token: '', issuedAtMs: 0, expiresAtMs: 10 * 86_400_000 }), 86_400_000)
  })
})
