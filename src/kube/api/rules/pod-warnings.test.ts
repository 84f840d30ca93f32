import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { parsePod } from '../parse-pod.ts'
import type { Pod } from '../pod.ts'
import { podWarnings } from './pod-warnings.ts'

interface Change {
  readonly annotations?: Readonly<Record<string, string>>
  readonly spec?: object
  readonly app?: object
  readonly others?: readonly object[]
}

function podWith({ annotations = {}, spec = {}, app = {}, others = [] }: Change): Pod {
  const containers = [
    { name: 'app', image: 'a', ...app },
    ...others.map((each, index) => ({ name: `o${index}`, image: 'a', ...each })),
  ]
  const parsed = parsePod({
    ...{ apiVersion: 'v1', kind: 'Pod' },
    metadata: { name: 'web', annotations },
    spec: { containers, ...spec },
  })
  assert.ok(parsed.ok, JSON.stringify(parsed))
  return parsed.value as unknown as Pod
}

describe('podWarnings (C5)', () => {
  const table: readonly [title: string, change: Change, warnings: readonly string[]][] = [
    ['nothing to say', { app: { ports: [{ containerPort: 80 }], env: [{ name: 'A', value: '1' }] } }, []],
    [
      'old labels',
      { spec: { nodeSelector: { 'beta.kubernetes.io/os': 'linux' } } },
      ['spec.nodeSelector[beta.kubernetes.io/os]: deprecated since v1.14; use "kubernetes.io/os" instead'],
    ],
    [
      'old annotations',
      { annotations: { 'scheduler.alpha.kubernetes.io/critical-pod': '' } },
      [
        'metadata.annotations[scheduler.alpha.kubernetes.io/critical-pod]: non-functional in v1.16+; use the "priorityClassName" field instead',
      ],
    ],
    [
      'an annotation instead of a field',
      { annotations: { 'container.seccomp.security.alpha.kubernetes.io/app': 'x' } },
      [
        'metadata.annotations[container.seccomp.security.alpha.kubernetes.io/app]: non-functional in v1.27+; use the "seccompProfile" field instead',
      ],
    ],
    [
      'the same beside the field',
      {
        annotations: { 'container.seccomp.security.alpha.kubernetes.io/app': 'x' },
        app: { securityContext: { seccompProfile: { type: 'Unconfined' } } },
      },
      [],
    ],
    [
      'host aliases',
      {
        spec: {
          hostAliases: [
            { ip: '1.2.3.4', hostnames: ['a'] },
            { ip: '1.2.3.4', hostnames: ['b'] },
          ],
        },
      },
      ['spec.hostAliases[1].ip: duplicate ip "1.2.3.4"'],
    ],
    [
      'pull secrets',
      { spec: { imagePullSecrets: [{ name: 'a' }, { name: 'a' }] } },
      ['spec.imagePullSecrets[1].name: duplicate name "a"'],
    ],
    [
      'half a byte',
      { app: { resources: { limits: { memory: '1500m' } } } },
      [
        'spec.containers[0].resources.limits[memory]: fractional byte value "1500m" is invalid, must be an integer',
        'spec.containers[0].resources.requests[memory]: fractional byte value "1500m" is invalid, must be an integer',
      ],
    ],
    [
      'a variable hides another one',
      {
        app: {
          env: [
            { name: 'A', value: '1' },
            { name: 'A', value: '2' },
          ],
        },
      },
      ['spec.containers[0].env[1]: hides previous definition of "A", which may be dropped when using apply'],
    ],
    [
      'a variable builds on another one',
      {
        app: {
          env: [
            { name: 'A', value: '1' },
            { name: 'A', value: '$(A)2' },
          ],
        },
      },
      [],
    ],
    [
      'the same port in two containers',
      { app: { ports: [{ containerPort: 80 }] }, others: [{ ports: [{ containerPort: 80 }] }] },
      ['spec.containers[1].ports[0]: duplicate port definition with spec.containers[0].ports[0]'],
    ],
    [
      'a port with and without a port of the machine',
      { app: { ports: [{ containerPort: 80, hostPort: 8080 }, { containerPort: 80 }] } },
      ['spec.containers[0].ports[1]: overlapping port definition with spec.containers[0].ports[0]'],
    ],
    [
      'the same number of another protocol',
      { app: { ports: [{ containerPort: 80 }, { containerPort: 80, protocol: 'UDP' }] } },
      [],
    ],
    [
      'the same name in two containers',
      {
        app: { ports: [{ containerPort: 80, name: 'http' }] },
        others: [{ ports: [{ containerPort: 81, name: 'http' }] }],
      },
      [
        'spec.containers[1].ports[0].name: duplicate port name "http" with spec.containers[0].ports[0].name, services and probes that select ports by name will use spec.containers[0].ports[0].name',
      ],
    ],
    [
      'a negative grace period',
      { spec: { terminationGracePeriodSeconds: -1 } },
      ['spec.terminationGracePeriodSeconds: must be >= 0; negative values are invalid and will be treated as 1'],
    ],
    [
      'something where a token lies',
      {
        spec: {
          volumes: [
            {
              name: 'v',
              projected: {
                sources: [
                  { serviceAccountToken: { path: 'token' } },
                  { configMap: { name: 'c', items: [{ key: 'a', path: 'token' }] } },
                ],
              },
            },
          ],
        },
      },
      ['spec.volumes[0].projected.sources.configMap[0]: has duplicated path with ServiceAccountToken "token"'],
    ],
  ]
  for (const [title, change, warnings] of table) {
    it(title, () => assert.deepEqual(podWarnings(podWith(change)), warnings))
  }
})
