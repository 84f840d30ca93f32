import assert from 'node:assert/strict'
import { hostname } from 'node:os'
import { after, before, describe, it } from 'node:test'
import { UNTIL_STOPPED } from '../real/sample-pods.ts'
import type { Expected, Kubectl } from './kubectl.ts'
import { oldestAndNewest, realKubectl, ServedCluster } from './served-cluster.ts'

const NODE = hostname()

const LOOKS: readonly Expected[] = [
  { args: 'cluster-info', prints: /Kubernetes control plane.* is running at.*https:\/\/127\.0\.0\.1:\d+/ },
  { args: 'version', prints: /Server Version: .*v1\.\d+\.\d+\+peapod-/ },
  { args: 'config view --minify -o jsonpath={.clusters[0].name}', prints: new RegExp(`^${NODE}$`) },
  { args: 'get nodes', prints: new RegExp(`^NAME .*\\n${NODE} +Ready +\\S+ +\\S+ +v\\S+\\n$`) },
  { args: 'get nodes -o wide', prints: /INTERNAL-IP +EXTERNAL-IP +OS-IMAGE +KERNEL-VERSION +CONTAINER-RUNTIME\n/ },
  { args: 'get nodes --field-selector spec.unschedulable=false -o name', prints: new RegExp(`^node/${NODE}\\n$`) },
  {
    args: `describe node ${NODE}`,
    prints:
      /^Conditions:\n(.*\n)* {2}Ready +True .* KubeletReady .*\n(.*\n)*Capacity:\n {2}cpu: +\d+\n(.*\n)*Allocated resources:\n/m,
  },
  { args: 'get namespaces', prints: /^default +Active (.*\n)*kube-system +Active /m },
  {
    args: 'describe namespace default',
    prints: /^Status: +Active\n\nNo resource quota\.\n\nNo LimitRange resource\.\n/m,
  },
  { args: 'get lease -n kube-node-lease', prints: new RegExp(`^${NODE} +${NODE} `, 'm') },
  { args: 'get service kubernetes -n default', prints: /^kubernetes +ClusterIP +[\d.]+ +<none> +443\/TCP /m },
  { args: 'get priorityclasses', prints: /^system-node-critical +2000001000 +false /m },
  {
    args: 'get clusterroles view edit admin cluster-admin -o name',
    prints: /^(clusterrole\.rbac\.authorization\.k8s\.io\/\S+\n){4}$/,
  },
  { args: 'get --raw /healthz', prints: /^ok$/ },
  { args: 'get --raw /readyz?verbose', prints: /readyz check passed/ },
  { args: 'get --raw /apis/events.k8s.io/v1', prints: /"groupVersion":"events\.k8s\.io\/v1"/ },
  { args: 'explain pod.spec.containers.livenessProbe', prints: /periodSeconds\t<integer>/ },
  { args: 'explain pod --recursive', prints: /terminationGracePeriodSeconds\t<integer>/ },
  { args: 'explain serviceaccount --api-version=v1', prints: /automountServiceAccountToken\t<boolean>/ },
  { args: '__complete get p', prints: /^(.*\n)*pods\n/ },
  { args: '__complete describe namespace kube-s', prints: /^kube-system\n/ },
  { args: `__complete get pods -n kube-p`, prints: /^kube-public\n/ },
  { args: 'create token default --duration=10m', prints: /^[\w-]+\.[\w-]+\.[\w-]+\n?$/ },
  { args: 'create deployment web --image=web --dry-run=client -o name', prints: /^deployment\.apps\/web\n$/ },
]

const REFUSED: readonly Expected[] = [
  { args: 'get robots', complains: /^error: the server doesn't have a resource type "robots"$/m },
  { args: 'get --raw /nowhere', complains: /\(NotFound\): the server could not find the requested resource$/ },
  { args: 'get nodes nope', complains: /^Error from server \(NotFound\): nodes "nope" not found$/ },
]

describe('kubectl sees a cluster of one node', { ...realKubectl, concurrency: 2 }, () => {
  let cluster: ServedCluster
  before(async () => {
    cluster = await ServedCluster.open()
  })
  after(() => cluster.close())

  for (const program of oldestAndNewest()) {
    it(`kubectl ${program.version} looks at it`, async () => {
      const kubectl = await cluster.kubectlIn(`looks-${program.version.replace('.', '-')}`, program)
      assert.deepEqual(await kubectl.differences([...LOOKS, ...REFUSED]), [])
    })
  }

  it('goes through a proxy', async () => {
    const kubectl = await newest(cluster, 'proxy')
    await using proxy = kubectl.begin('proxy --port=0')
    const [, address = ''] = /Starting to serve on (\S+)/.exec(await proxy.until(/Starting to serve on \S+\n/)) ?? []
    const answer = await fetch(`http://${address}/api/v1/namespaces/default`)
    assert.equal(((await answer.json()) as { metadata: { name: string } }).metadata.name, 'default')
  })

  it('cordons, taints, labels and drains the node', async () => {
    const kubectl = await newest(cluster, 'drained')
    await kubectl.ok('run guest --image=peapod.local/busybox --restart=Never --command -- sh -c', 'sleep 1000')
    await kubectl.ok('wait pod/guest --for=condition=Ready --timeout=30s')
    try {
      assert.equal(await kubectl.ok(`cordon ${NODE}`), `node/${NODE} cordoned\n`)
      assert.match(await kubectl.ok('get nodes --no-headers'), / Ready,SchedulingDisabled /)
      assert.equal(await kubectl.ok('get nodes --field-selector spec.unschedulable=false -o name'), '')
      const drained = await kubectl.ok(`drain ${NODE} --force --grace-period=1 --pod-selector=run=guest`)
      assert.match(drained, /^pod\/guest evicted\n/m)
      assert.equal(await kubectl.ok('get pods -o name'), '')
      await kubectl.ok('run late --image=peapod.local/busybox --command -- sh -c', UNTIL_STOPPED)
      await kubectl.ok('wait pod/late --for=jsonpath={.status.conditions[0].reason}=Unschedulable --timeout=30s')
      assert.match(
        await kubectl.ok('describe pod late'),
        /^ {2}Warning +FailedScheduling .* 0\/1 nodes are available: 1 node\(s\) were unschedulable/m,
      )
    } finally {
      assert.equal(await kubectl.ok(`uncordon ${NODE}`), `node/${NODE} uncordoned\n`)
    }
    await kubectl.ok('wait pod/late --for=jsonpath={.status.phase}=Running --timeout=30s')
    assert.equal(await kubectl.ok(`taint node ${NODE} a=b:PreferNoSchedule`), `node/${NODE} tainted\n`)
    assert.match(await kubectl.ok(`describe node ${NODE}`), /^Taints: +a=b:PreferNoSchedule$/m)
    assert.equal(await kubectl.ok(`taint node ${NODE} a-`), `node/${NODE} untainted\n`)
    assert.equal(await kubectl.ok(`label node ${NODE} disk=fast`), `node/${NODE} labeled\n`)
    assert.match(await kubectl.ok('get nodes -L disk -l disk=fast --no-headers'), / fast\n$/)
    await kubectl.ok(`label node ${NODE} disk-`)
  })
})

function newest(cluster: ServedCluster, namespace: string): Promise<Kubectl> {
  const program = oldestAndNewest().at(-1)
  assert.ok(program)
  return cluster.kubectlIn(namespace, program)
}
