import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { untilNothingIn } from '../real/until.ts'
import type { Kubectl } from './kubectl.ts'
import { oldestAndNewest, realKubectl, ServedCluster } from './served-cluster.ts'

const NAMESPACE = 'data'
const ACCOUNT_FOLDER = '/var/run/secrets/kubernetes.io/serviceaccount'

/** As client libraries find the API from inside: by the variables and the files alone. Prints the pods of its namespace. */
const PROGRAM = `
const { readFileSync } = require('node:fs')
const read = (name) => readFileSync('${ACCOUNT_FOLDER}/' + name, 'utf8')
const { KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port } = process.env
const path = '/api/v1/namespaces/' + read('namespace') + '/pods'
const headers = { authorization: 'Bearer ' + read('token') }
require('node:https').get({ host, port, path, headers, ca: read('ca.crt') }, (answer) => {
  let text = ''
  answer.on('data', (chunk) => (text += chunk))
  answer.on('end', () => console.log(answer.statusCode, JSON.parse(text).items?.map((pod) => pod.metadata.name).join()))
})
`
const SLEEP = {
  name: 'app',
  image: 'peapod.local/busybox',
  command: ['sh', '-c', 'trap "exit 0" TERM; sleep 1000 & wait'],
}

function pod(name: string, spec: object): object {
  return { apiVersion: 'v1', kind: 'Pod', metadata: { name }, spec: { terminationGracePeriodSeconds: 1, ...spec } }
}

async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  assert.deepEqual(await untilNothingIn(async () => ((await holds()) ? [] : [what])), [])
}

describe('what pods get from ConfigMaps, Secrets and their accounts', realKubectl, () => {
  let cluster: ServedCluster
  let kubectl: Kubectl
  before(async () => {
    cluster = await ServedCluster.open()
    const program = oldestAndNewest().at(-1)
    assert.ok(program !== undefined)
    kubectl = await cluster.kubectlIn(NAMESPACE, program)
  })
  after(() => cluster.close())

  const create = (name: string, ...objects: object[]) => kubectl.ok('create -f', kubectl.file(name, ...objects))
  const inside = (name: string, command: string): Promise<string> => kubectl.ok(`exec ${name} -- sh -c`, command)

  it('V2: files follow the ConfigMap within a second, all together; a subPath and the environment stay', async () => {
    await kubectl.ok('create configmap settings --from-literal=level=1 --from-literal=name=one')
    const mounts = [
      { name: 'settings', mountPath: '/settings' },
      { name: 'settings', mountPath: '/level', subPath: 'level' },
    ]
    const container = {
      ...SLEEP,
      volumeMounts: mounts,
      envFrom: [{ configMapRef: { name: 'settings' }, prefix: 'SET_' }],
    }
    const volumes = [{ name: 'settings', configMap: { name: 'settings' } }]
    await create('follows.json', pod('follows', { containers: [container], volumes }))
    await kubectl.ok('wait --for=condition=Ready --timeout=30s pod/follows')
    const look = (): Promise<string> => inside('follows', 'cat /settings/level /settings/name /level; echo $SET_level')
    assert.equal(await look(), '1one11\n')
    await kubectl.ok('patch configmap settings -p', '{"data":{"level":"2","name":"two"}}')
    const changedAtMs = Date.now()
    await until('the files have changed', async () => (await look()) === '2two11\n')
    assert.ok(Date.now() - changedAtMs < 3_000, 'within a second, and the time that kubectl exec takes')
    assert.notEqual(await kubectl.ok('exec follows -- sh -c', 'touch /settings/x; echo $?'), '0\n')
  })

  it('R9, S14: what is missing is told, and the pods start when it comes', async () => {
    const fromKey = [{ name: 'WORD', valueFrom: { secretKeyRef: { name: 'later', key: 'word' } } }]
    const volumes = [{ name: 'later', secret: { secretName: 'later' } }]
    await create(
      'late.json',
      pod('late-env', { containers: [{ ...SLEEP, env: fromKey }] }),
      pod('late-file', { containers: [{ ...SLEEP, volumeMounts: [{ name: 'later', mountPath: '/later' }] }], volumes }),
    )
    await until('both wait', async () => {
      const rows = await kubectl.ok('get pods late-env late-file --no-headers')
      return /late-env +0\/1 +CreateContainerConfigError/.test(rows) && /late-file +0\/1 +ContainerCreating/.test(rows)
    })
    const events = await kubectl.ok('get events -o', 'jsonpath={range .items[*]}{.reason}: {.message}{"\\n"}{end}')
    assert.match(events, /^Failed: Error: secret "later" not found$/m)
    assert.match(events, /^FailedMount: MountVolume.SetUp failed for volume "later" : secret "later" not found$/m)
    await kubectl.ok('create secret generic later --from-literal=word=open')
    await kubectl.ok('wait --for=condition=Ready --timeout=5s pod/late-env pod/late-file')
    assert.equal(await inside('late-env', 'echo $WORD'), 'open\n')
    assert.equal(await inside('late-file', 'cat /later/word'), 'open')
  })

  it('a client library finds the API unconfigured, and may what its account may', async () => {
    const reader = { name: 'reader', image: 'peapod.local/node', command: ['node', '-e', PROGRAM] }
    const binding = {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'RoleBinding',
      metadata: { name: 'reads' },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'view' },
      subjects: [{ kind: 'ServiceAccount', name: 'reads', namespace: NAMESPACE }],
    }
    await kubectl.ok('create serviceaccount reads')
    await create(
      'readers.json',
      binding,
      pod('may', { restartPolicy: 'Never', serviceAccountName: 'reads', containers: [reader] }),
      pod('may-not', { restartPolicy: 'Never', containers: [reader] }),
    )
    await kubectl.ok('wait --for=jsonpath={.status.phase}=Succeeded --timeout=60s pod/may pod/may-not')
    assert.match(await kubectl.ok('logs may'), /^200 .*\bmay\b/)
    assert.match(await kubectl.ok('logs may-not'), /^403 /)
  })

  it('a token is for the user of the pod alone, in memory, and gone with the pod', async () => {
    await create('alone.json', pod('alone', { securityContext: { runAsUser: 1234 }, containers: [SLEEP] }))
    await kubectl.ok('wait --for=condition=Ready --timeout=30s pod/alone')
    assert.match(await inside('alone', `ls -lnL ${ACCOUNT_FOLDER}/token`), /^-rw------- +1 1234 +0 /)
    assert.match(await inside('alone', `grep ${ACCOUNT_FOLDER} /proc/mounts`), /^tmpfs \S+ tmpfs ro/)
    const token = (await inside('alone', `cat ${ACCOUNT_FOLDER}/token`)).trim()
    using bearer = await kubectl.as(token)
    const who = await bearer.ok('auth whoami -o', 'jsonpath={.status.userInfo.username}')
    assert.equal(who, `system:serviceaccount:${NAMESPACE}:default`)
    const places = [join(cluster.server.stateDirectory, 'instances'), '/run/peapod']
    const { stdout } = spawnSync('grep', ['-rlsF', '--exclude-dir=volumes', token, ...places], { encoding: 'utf8' })
    assert.equal(stdout, '')
    await kubectl.ok('delete pod alone --now')
    assert.match(await bearer.refused('get pods'), /logged in|Unauthorized/)
  })

  it('nothing is mounted where the pod or its account says so', async () => {
    const account = {
      apiVersion: 'v1',
      kind: 'ServiceAccount',
      metadata: { name: 'bare' },
      automountServiceAccountToken: false,
    }
    await create(
      'bare.json',
      account,
      pod('bare', { serviceAccountName: 'bare', containers: [SLEEP] }),
      pod('own', { automountServiceAccountToken: false, containers: [SLEEP] }),
    )
    await kubectl.ok('wait --for=condition=Ready --timeout=30s pod/bare pod/own')
    for (const name of ['bare', 'own']) {
      assert.equal(
        await inside(name, `ls ${ACCOUNT_FOLDER} 2>&1 | wc -l; echo $KUBERNETES_PORT | cut -c1-6`),
        '1\ntcp://\n',
      )
    }
  })
})
