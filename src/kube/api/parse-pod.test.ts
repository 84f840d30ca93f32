import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { invalidMessage } from './invalid-message.ts'
import { parsePod } from './parse-pod.ts'
import type { Problem } from './problem.ts'

interface RecordedAnswer {
  readonly case: string
  readonly code: number
  readonly request: { readonly metadata: { readonly name?: string } }
  readonly message?: string
  readonly causes?: readonly { readonly reason: string; readonly field: string; readonly message: string }[]
}

const DATA = join(import.meta.dirname, 'testdata')
const RECORDED = JSON.parse(readFileSync(join(DATA, 'pod-create-answers.json'), 'utf8')) as readonly RecordedAnswer[]

/** Where a newer Kubernetes answers otherwise than the recorded 1.20, or where a message holds a dump of a Go value. */
const OTHERWISE: Readonly<Record<string, readonly Pick<Problem, 'field' | 'message' | 'reason'>[]>> = {
  'probe on init container': [
    {
      field: 'spec.initContainers[0].readinessProbe',
      message: 'Forbidden: may not be set for init containers without restartPolicy=Always',
      reason: 'FieldValueForbidden',
    },
  ],
  'lifecycle on init container': [
    {
      field: 'spec.initContainers[0].lifecycle',
      message: 'Forbidden: may not be set for init containers without restartPolicy=Always',
      reason: 'FieldValueForbidden',
    },
  ],
  'privileged without escalation': [
    {
      field: 'spec.containers[0].securityContext',
      message:
        'Invalid value: "securityContext": cannot set `allowPrivilegeEscalation` to false and `privileged` to true',
      reason: 'FieldValueInvalid',
    },
  ],
  'ephemeral container at creation': [
    { field: 'spec.ephemeralContainers', message: 'Forbidden: cannot be set on create', reason: 'FieldValueForbidden' },
  ],
  'bad quantity': [
    {
      field: 'spec.containers[0].resources.limits[memory]',
      message:
        'quantities must match the regular expression \'^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$\'; got "12Zb"',
      reason: 'FieldValueTypeInvalid',
    },
  ],
  'wrong type': [
    { field: 'spec.containers', message: 'must be a list; got the text "a"', reason: 'FieldValueTypeInvalid' },
  ],
  'string for number': [
    {
      field: 'spec.terminationGracePeriodSeconds',
      message: 'must be a whole number; got the text "30": remove the quotes',
      reason: 'FieldValueTypeInvalid',
    },
  ],
}

describe('parsePod answers a new Pod as the API server does', () => {
  for (const recorded of RECORDED) {
    it(recorded.case, () => {
      const parsed = parsePod(recorded.request)
      const problems = parsed.ok ? [] : parsed.problems
      const otherwise = OTHERWISE[recorded.case]
      if (otherwise !== undefined) {
        assert.deepEqual(problems, otherwise)
      } else if (recorded.code === 201) {
        assert.deepEqual(problems, [])
      } else {
        assert.equal(invalidMessage('Pod', recorded.request.metadata.name ?? '', problems), recorded.message)
        assert.deepEqual(problems, recorded.causes)
      }
    })
  }
})

const app = { name: 'app', image: 'web:1' }

/** A Pod with one change: to the app container, to the spec, or to the metadata. */
function podWith(change: { container?: object; spec?: object; metadata?: object }): unknown {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'web', ...change.metadata },
    spec: { containers: [{ ...app, ...change.container }], ...change.spec },
  }
}

function problemsOf(pod: unknown): string[] {
  const parsed = parsePod(pod)
  return parsed.ok ? [] : parsed.problems.map(({ field, message }) => `${field}: ${message}`)
}

describe('rules of newer versions and of fields that no record covers', () => {
  const exec = { exec: { command: ['true'] } }
  const cases: [rule: string, pod: unknown, problems: string[]][] = [
    ['a healthy pod has no problem', podWith({}), []],
    [
      'S5: a sidecar may have probes and hooks',
      podWith({
        spec: {
          initContainers: [
            { name: 'proxy', image: 'p', restartPolicy: 'Always', startupProbe: exec, lifecycle: { preStop: exec } },
          ],
        },
      }),
      [],
    ],
    [
      'R5: a container restart policy is one of three',
      podWith({ container: { restartPolicy: 'Sometimes' } }),
      [
        'spec.containers[0].restartPolicy: Unsupported value: "Sometimes": supported values: "Always", "OnFailure", "Never"',
      ],
    ],
    [
      'R6: rules need a policy of the container',
      podWith({
        container: { restartPolicyRules: [{ action: 'Restart', exitCodes: { operator: 'In', values: [42] } }] },
      }),
      ['spec.containers[0].restartPolicy: Required value: must specify restartPolicy when restart rules are used'],
    ],
    [
      'R6: at most 20 rules, each with an action and exit codes',
      podWith({
        container: {
          restartPolicy: 'Never',
          restartPolicyRules: Array.from({ length: 21 }, () => ({
            action: 'Restart',
            exitCodes: { operator: 'In', values: [1] },
          })),
        },
      }),
      ['spec.containers[0].restartPolicyRules: Too many: 21: must have at most 20 items'],
    ],
    [
      'P1: a startup probe succeeds once',
      podWith({ container: { startupProbe: { ...exec, successThreshold: 3 } } }),
      ['spec.containers[0].startupProbe.successThreshold: Invalid value: 3: must be 1'],
    ],
    [
      'P4: a readiness probe has no grace period',
      podWith({ container: { readinessProbe: { ...exec, terminationGracePeriodSeconds: 5 } } }),
      [
        'spec.containers[0].readinessProbe.terminationGracePeriodSeconds: Invalid value: 5: must not be set for readinessProbes',
      ],
    ],
    [
      'P11: a grpc probe has a port',
      podWith({ container: { livenessProbe: { grpc: { port: 0 } } } }),
      ['spec.containers[0].livenessProbe.grpc.port: Invalid value: 0: must be between 1 and 65535, inclusive'],
    ],
    [
      'P9: headers have names',
      podWith({
        container: { livenessProbe: { httpGet: { port: 'web', httpHeaders: [{ name: 'a b', value: '' }] } } },
      }),
      [
        "spec.containers[0].livenessProbe.httpGet.httpHeaders: Invalid value: \"a b\": a valid HTTP header must consist of alphanumeric characters or '-' (e.g. 'X-Header-Name', regex used for validation is '[-A-Za-z0-9]+')",
      ],
    ],
    [
      'H4: a sleep fits into the grace period',
      podWith({ container: { lifecycle: { preStop: { sleep: { seconds: 31 } } } } }),
      [
        'spec.containers[0].lifecycle.preStop.sleep: Invalid value: 31: must be non-negative and less than terminationGracePeriodSeconds (30)',
      ],
    ],
    [
      'H8: a stop signal needs the operating system',
      podWith({ container: { lifecycle: { stopSignal: 'SIGUSR1' } } }),
      ['spec.containers[0].lifecycle.stopSignal: Forbidden: may not be set for containers with empty `spec.os.name`'],
    ],
    [
      'H8: with it, a signal is fine',
      podWith({ container: { lifecycle: { stopSignal: 'SIGRTMIN+3' } }, spec: { os: { name: 'linux' } } }),
      [],
    ],
    [
      'N2: at most three nameservers, each an address',
      podWith({ spec: { dnsConfig: { nameservers: ['1.1.1.1', '::1', '8.8.8.8', 'x'] } } }),
      [
        'spec.dnsConfig.nameservers: Invalid value: ["1.1.1.1","::1","8.8.8.8","x"]: must not have more than 3 nameservers',
        'spec.dnsConfig.nameservers[3]: Invalid value: "x": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)',
      ],
    ],
    [
      'V3: subPath and subPathExpr exclude each other',
      podWith({
        container: { volumeMounts: [{ name: 'v', mountPath: '/v', subPath: 'a', subPathExpr: 'b' }] },
        spec: { volumes: [{ name: 'v' }] },
      }),
      [
        'spec.containers[0].volumeMounts[0].subPathExpr: Invalid value: "b": subPathExpr and subPath are mutually exclusive',
      ],
    ],
    [
      'a subPath is relative',
      podWith({
        container: { volumeMounts: [{ name: 'v', mountPath: '/v', subPath: '/a' }] },
        spec: { volumes: [{ name: 'v' }] },
      }),
      ['spec.containers[0].volumeMounts.subPath: Invalid value: "/a": must be a relative path'],
    ],
    [
      'V4: recursive read-only wants read-only',
      podWith({
        container: { volumeMounts: [{ name: 'v', mountPath: '/v', recursiveReadOnly: 'Enabled' }] },
        spec: { volumes: [{ name: 'v' }] },
      }),
      ['spec.containers[0].volumeMounts[0].recursiveReadOnly: Forbidden: may only be specified when readOnly is true'],
    ],
    [
      'a hostIP is an address',
      podWith({ container: { ports: [{ containerPort: 80, hostIP: 'here' }] } }),
      [
        'spec.containers[0].ports[0].hostIP: Invalid value: "here": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)',
      ],
    ],
    [
      'a toleration for all keys is Exists',
      podWith({ spec: { tolerations: [{ effect: 'NoSchedule' }] } }),
      [
        'spec.tolerations[0].operator: Invalid value: "": operator must be Exists when `key` is empty, which means "match all values and all keys"',
      ],
    ],
    [
      'an affinity In wants values',
      podWith({
        spec: {
          affinity: {
            nodeAffinity: {
              requiredDuringSchedulingIgnoredDuringExecution: {
                nodeSelectorTerms: [{ matchExpressions: [{ key: 'a', operator: 'In' }] }],
              },
            },
          },
        },
      }),
      [
        "spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[0].matchExpressions[0].values: Required value: must be specified when `operator` is 'In' or 'NotIn'",
      ],
    ],
    [
      'a seccomp profile of the machine has a name',
      podWith({ spec: { securityContext: { seccompProfile: { type: 'Localhost' } } } }),
      [
        'spec.securityContext.seccompProfile.localhostProfile: Required value: must be set when seccomp type is Localhost',
      ],
    ],
    [
      'I1: a user namespace of its own excludes the network of the host',
      podWith({ spec: { hostUsers: false, hostNetwork: true } }),
      ['spec.hostNetwork: Forbidden: when `hostUsers` is false'],
    ],
    ['a generateName is name enough', podWith({ metadata: { name: null, generateName: 'web-' } }), []],
    [
      'a field that the type wants and no rule names',
      podWith({ spec: { volumes: [{ name: 'v', nfs: { path: '/x' } }] } }),
      ['spec.volumes[0].nfs.server: Required value'],
    ],
  ]
  for (const [rule, pod, problems] of cases) it(rule, () => assert.deepEqual(problemsOf(pod), problems))
})

describe('types are strict, and null is absent', () => {
  const cases: [rule: string, pod: unknown, problems: string[]][] = [
    ['null is absent', podWith({ container: { env: null, ports: null }, spec: { hostname: null } }), []],
    [
      'null in a list is an empty item',
      podWith({ spec: { initContainers: [null] } }),
      ['spec.initContainers[0].name: Required value', 'spec.initContainers[0].image: Required value'],
    ],
    [
      'a slip of the finger, and nothing about the field that was meant',
      podWith({ spec: { containers: [{ name: 'app', imag: 'web:1' }] } }),
      ['spec.containers[0].imag: unknown field; did you mean "image"?'],
    ],
    [
      'one level too high',
      podWith({ spec: { containerz: 1, image: 'web' } }),
      [
        'spec.containerz: unknown field; did you mean "containers"?',
        'spec.image: unknown field; misplaced: belongs under spec.containers[0]',
      ],
    ],
    [
      'one level too low',
      podWith({ container: { hostNetwork: true } }),
      ['spec.containers[0].hostNetwork: unknown field; misplaced: belongs under spec'],
    ],
    ['nothing like it', podWith({ spec: { zzzzzz: 1 } }), ['spec.zzzzzz: unknown field']],
    [
      'a number where text belongs',
      podWith({ container: { env: [{ name: 'A', value: 5 }] } }),
      ['spec.containers[0].env[0].value: must be text, so it has to be quoted: write "5"'],
    ],
    [
      'a number that is too large for 32 bits',
      podWith({ container: { ports: [{ containerPort: 2 ** 31 }] } }),
      ['spec.containers[0].ports[0].containerPort: must be a whole number of 32 bits; got 2147483648'],
    ],
    [
      'half a second',
      podWith({ spec: { terminationGracePeriodSeconds: 0.5 } }),
      ['spec.terminationGracePeriodSeconds: must be a whole number; got the number 0.5'],
    ],
    [
      'text for a boolean',
      podWith({ spec: { hostNetwork: 'true' } }),
      ['spec.hostNetwork: must be true or false; got the text "true": remove the quotes'],
    ],
    [
      'what is no time',
      podWith({ metadata: { creationTimestamp: 'yesterday' } }),
      [
        'metadata.creationTimestamp: must be a time such as "2026-01-31T12:00:00Z" (RFC 3339); got the text "yesterday"',
      ],
    ],
  ]
  for (const [rule, pod, problems] of cases) it(rule, () => assert.deepEqual(problemsOf(pod), problems))

  it('no JSON value makes it throw', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const parsed = parsePod(value)
        assert.ok(parsed.ok || parsed.problems.length > 0)
      }),
    )
  })

  it('no Pod with any value at any place makes it throw', () => {
    const fields = [
      'containers',
      'volumes',
      'initContainers',
      'affinity',
      'dnsConfig',
      'tolerations',
      'os',
      'constructor',
      '__proto__',
    ]
    const inner = ['name', 'image', 'ports', 'env', 'resources', 'livenessProbe', 'lifecycle', 'volumeMounts', 'limits']
    const container = fc.dictionary(fc.constantFrom(...inner), fc.jsonValue())
    const spec = fc.dictionary(
      fc.constantFrom(...fields),
      fc.oneof(fc.jsonValue(), fc.array(container, { maxLength: 3 })),
    )
    fc.assert(
      fc.property(spec, (each) => {
        const parsed = parsePod({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'x' }, spec: each })
        assert.ok(parsed.ok || parsed.problems.length > 0)
      }),
      { numRuns: 50 },
    )
  })
})
