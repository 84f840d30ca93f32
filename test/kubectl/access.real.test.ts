import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { pod, shell, UNTIL_STOPPED } from '../real/sample-pods.ts'
import type { Expected, Kubectl, KubectlProgram } from './kubectl.ts'
import { oldestAndNewest, realKubectl, ServedCluster } from './served-cluster.ts'

const roleIn = (namespace: string): object => ({
  apiVersion: 'rbac.authorization.k8s.io/v1',
  kind: 'Role',
  metadata: { name: 'reader', namespace },
  rules: [{ apiGroups: [''], resources: ['pods', 'pods/log'], verbs: ['get', 'list'] }],
})
const ROBOT_SEES: readonly Expected[] = [
  { args: 'get pods', prints: /^NAME .*\nweb / },
  { args: 'get configmaps -o name', prints: /^configmap\/kube-root-ca\.crt\n$/ },
  { args: 'logs web', prints: /^hello\n$/ },
  { args: 'auth can-i list pods', prints: /^yes\n$/ },
]
const ROBOT_MAY_NOT = (account: string, namespace: string): readonly Expected[] => {
  const no = (words: string, where: string): RegExp =>
    new RegExp(
      `^Error from server \\(Forbidden\\):.* is forbidden: User "${account}" cannot ${words} in API group "" ${where}$`,
    )
  const here = `in the namespace "${namespace}"`
  return [
    { args: 'get secrets', complains: no('list resource "secrets"', here) },
    { args: 'delete pod web', complains: no('delete resource "pods"', here) },
    { args: 'get pods -n kube-system', complains: no('list resource "pods"', 'in the namespace "kube-system"') },
    { args: 'get pods -A', complains: no('list resource "pods"', 'at the cluster scope') },
    { args: 'get nodes', complains: no('list resource "nodes"', 'at the cluster scope') },
    { args: 'exec web -- true', complains: no('create resource "pods/exec"', here) },
    { args: 'label pod web a=b', complains: no('patch resource "pods"', here) },
  ]
}

type Case = readonly [what: string, show: (kubectl: Kubectl, namespace: string) => Promise<void>]

const CASES: readonly Case[] = [
  [
    'says who one is and what one may',
    async (kubectl, namespace) => {
      assert.equal(await kubectl.ok('auth can-i create pods'), 'yes\n')
      assert.match(
        await kubectl.ok('auth can-i --list'),
        /^Resources +Non-Resource URLs +Resource Names +Verbs\n(.*\n)*\*\.\* +\[\] +\[\] +\[\*\]\n/,
      )
      assert.equal((await kubectl.run('auth can-i delete pods --as=jane'.split(' '))).stdout, 'no\n')
      // Since 1.28 by the version of the question that there is.
      if (kubectl.minor >= 28)
        assert.match(await kubectl.ok('auth whoami'), /^Username +\S+\n(.*\n)*Groups +\[system:masters /m)
      assert.match(
        await kubectl.refused('get pods --as=jane'),
        new RegExp(`User "jane" cannot list resource "pods" in API group "" in the namespace "${namespace}"$`),
      )
    },
  ],
  [
    'lets a service account see what its role says, by a token',
    async (kubectl, namespace) => {
      await kubectl.ok('create serviceaccount robot')
      await kubectl.ok('create rolebinding robots --clusterrole=view', `--serviceaccount=${namespace}:robot`)
      await kubectl.ok(
        'create -f',
        kubectl.file('web.json', pod('web', { containers: [shell('app', `echo hello; ${UNTIL_STOPPED}`)] })),
      )
      await kubectl.ok('wait pod/web --for=condition=Ready --timeout=30s')
      const token = (await kubectl.ok('create token robot --duration=1h')).trim()
      using robot = await kubectl.as(token)
      assert.deepEqual(await robot.differences(ROBOT_SEES), [])
      const account = `system:serviceaccount:${namespace}:robot`
      assert.deepEqual(await robot.differences(ROBOT_MAY_NOT(account, namespace)), [])
      assert.match(await kubectl.ok(`get pods --as=${account}`), /^NAME .*\nweb /)
      if (kubectl.minor >= 28)
        assert.match(await robot.ok('auth whoami -o jsonpath={.status.userInfo.username}'), /:robot$/)
      await kubectl.ok('delete rolebinding robots')
      assert.match(await robot.refused('get pods'), /cannot list resource "pods"/)
    },
  ],
  [
    'turns away who is nobody',
    async (kubectl) => {
      using nobody = await kubectl.as('made.up.token')
      assert.match(await nobody.refused('get pods'), /^error: You must be logged in to the server /m)
    },
  ],
  [
    'reconciles roles',
    async (kubectl, namespace) => {
      const file = kubectl.file('role.json', roleIn(namespace))
      assert.match(
        await kubectl.ok(`auth reconcile -f ${file}`),
        /role\.rbac\.authorization\.k8s\.io\/reader reconciled\n/,
      )
      assert.equal(await kubectl.ok('get role reader -o jsonpath={.rules[0].resources}'), '["pods","pods/log"]')
      const described = await kubectl.ok('describe role reader')
      assert.match(described, /^PolicyRule:\n {2}Resources +Non-Resource URLs +Resource Names +Verbs\n/m)
      assert.match(described, /^ {2}pods\/log +\[\] +\[\] +\[get list\]$/m)
      assert.match(await kubectl.ok('describe clusterrole view'), /^ {2}pods +\[\] +\[\] +\[get list watch\]$/m)
    },
  ],
  [
    'takes a namespace away with what is in it',
    async (kubectl, namespace) => {
      const other = `${namespace}-other`
      assert.equal(await kubectl.ok(`create namespace ${other}`), `namespace/${other} created\n`)
      assert.match(await kubectl.ok(`get namespace ${other} --no-headers`), new RegExp(`^${other} +Active +\\d+s\\n$`))
      // The account is there before the answer, or soon after it.
      await kubectl.ok(`wait serviceaccount/default -n ${other} --for=jsonpath={.metadata.name}=default --timeout=30s`)
      await kubectl.ok(`run web -n ${other} --image=peapod.local/busybox --command -- sh -c`, UNTIL_STOPPED)
      await kubectl.ok(`create configmap values -n ${other} --from-literal=a=1`)
      assert.match(await kubectl.ok(`delete namespace ${other}`), new RegExp(`^namespace "${other}" deleted`))
      assert.match(
        await kubectl.refused(`get namespace ${other}`),
        new RegExp(`\\(NotFound\\): namespaces "${other}" not found$`),
      )
      assert.equal(await kubectl.ok(`get pods,configmaps -n ${other} -o name`), '')
      assert.match(
        await kubectl.refused(`create configmap late -n ${other}`),
        new RegExp(`namespaces "${other}" not found$`),
      )
      assert.match(
        await kubectl.refused('delete namespace kube-system'),
        /namespaces "kube-system" is forbidden: this namespace may not be deleted$/,
      )
    },
  ],
]

describe('kubectl and who may do what', { ...realKubectl, concurrency: 2 }, () => {
  let cluster: ServedCluster
  before(async () => {
    cluster = await ServedCluster.open()
  })
  after(() => cluster.close())

  for (const program of oldestAndNewest()) describeAccess(program, () => cluster)
})

function describeAccess(program: KubectlProgram, cluster: () => ServedCluster): void {
  const namespace = `access-${program.version.replace('.', '-')}`
  describe(`kubectl ${program.version}`, { concurrency: 1 }, () => {
    let kubectl: Kubectl
    before(async () => {
      kubectl = await cluster().kubectlIn(namespace, program)
    })
    for (const [what, show] of CASES) it(what, () => show(kubectl, namespace))
  })
}
