import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { admitPod } from './admit-pod.ts'
import { mountAccountToken } from './mount-account-token.ts'
import { parsePod } from './parse-pod.ts'
import type { Pod } from './pod.ts'

const PATH = '/var/run/secrets/kubernetes.io/serviceaccount'
const APP = { name: 'app', image: 'web:1' }

function mounted(spec: object, automount?: boolean): Pod {
  const parsed = parsePod({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'web' }, spec })
  assert.ok(parsed.ok, JSON.stringify(parsed))
  const pod = admitPod(parsed.value, { uid: 'u', nowMs: 0, nameSuffix: 'abcde' })
  return mountAccountToken(pod, { automount, suffix: 'x7k2p' })
}

/** Volumes, then `container: volume path` of each mount. */
function shown({ spec }: Pod): string[] {
  const mounts = [...(spec.initContainers ?? []), ...spec.containers].flatMap(({ name, volumeMounts = [] }) =>
    volumeMounts.map((mount) => `${name}: ${mount.name} ${mount.mountPath}${mount.readOnly === true ? ' ro' : ''}`),
  )
  return [...(spec.volumes ?? []).map(({ name }) => name), ...mounts]
}

const VOLUME = { name: 'other', emptyDir: {} }
const OWN_MOUNT = { ...APP, volumeMounts: [{ name: 'other', mountPath: PATH }] }

const RULES: [rule: string, spec: object, automount: boolean | undefined, shown: string[]][] = [
  [
    'every container has it, init containers too',
    { initContainers: [{ ...APP, name: 'first' }], containers: [APP] },
    undefined,
    ['kube-api-access-x7k2p', `first: kube-api-access-x7k2p ${PATH} ro`, `app: kube-api-access-x7k2p ${PATH} ro`],
  ],
  ['not when the account says so', { containers: [APP] }, false, []],
  [
    'the pod has the last word',
    { automountServiceAccountToken: true, containers: [APP] },
    false,
    ['kube-api-access-x7k2p', `app: kube-api-access-x7k2p ${PATH} ro`],
  ],
  ['not when the pod says so', { automountServiceAccountToken: false, containers: [APP] }, true, []],
  [
    'a container that has something else there keeps it',
    { volumes: [VOLUME], containers: [OWN_MOUNT, { ...APP, name: 'b' }] },
    undefined,
    ['other', 'kube-api-access-x7k2p', `app: other ${PATH}`, `b: kube-api-access-x7k2p ${PATH} ro`],
  ],
  [
    'no volume that nobody mounts',
    { volumes: [VOLUME], containers: [OWN_MOUNT] },
    undefined,
    ['other', `app: other ${PATH}`],
  ],
  [
    'a volume of that name is taken for it',
    { volumes: [{ ...VOLUME, name: 'kube-api-access-own' }], containers: [APP] },
    undefined,
    ['kube-api-access-own', `app: kube-api-access-own ${PATH} ro`],
  ],
]

describe('mountAccountToken', () => {
  for (const [rule, spec, automount, expected] of RULES) {
    it(rule, () => assert.deepEqual(shown(mounted(spec, automount)), expected))
  }

  it("is Kubernetes' volume, as the API server stores it", () => {
    assert.deepEqual(mounted({ containers: [APP] }).spec.volumes, [
      {
        name: 'kube-api-access-x7k2p',
        projected: {
          defaultMode: 420,
          sources: [
            { serviceAccountToken: { expirationSeconds: 3607, path: 'token' } },
            { configMap: { name: 'kube-root-ca.crt', items: [{ key: 'ca.crt', path: 'ca.crt' }] } },
            {
              downwardAPI: {
                items: [{ path: 'namespace', fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.namespace' } }],
              },
            },
          ],
        },
      },
    ])
  })
})
