import assert from 'node:assert/strict'
import { hostname } from 'node:os'
import { after, before, describe, it } from 'node:test'
import { findKubectls, type Kubectl } from './kubectl.ts'
import { realKubectl, ServedCluster } from './served-cluster.ts'

/** The last ones that send JSON from a command line, and the first ones that send protobuf. */
const VERSIONS = ['1.27', '1.31', '1.32', '1.33']

/** `kubectl create …`, and how its object is called. V stands for the version, where there is no namespace. */
const CREATED: readonly (readonly [object: string, command: string])[] = [
  ['namespace/made-V', 'namespace made-V'],
  ['configmap/made', 'configmap made --from-literal=a=1 --from-literal=empty='],
  ['configmap/binary', 'configmap binary --from-file=true=/bin/true'],
  ['secret/made', 'secret generic made --from-literal=a=1 --type=example.com/any'],
  ['secret/registry', 'secret docker-registry registry --docker-username=u --docker-password=p'],
  ['serviceaccount/made', 'serviceaccount made'],
  ['service/inner', 'service clusterip inner --clusterip=None --tcp=80:8080'],
  ['service/named', 'service clusterip named --clusterip=None --tcp=80:http'],
  ['service/outer', 'service externalname outer --external-name=example.com'],
  ['role/made', 'role made --verb=get,list --resource=pods,roles.rbac.authorization.k8s.io --resource-name=web'],
  ['rolebinding/made', 'rolebinding made --role=made --serviceaccount=some:made --user=jane --group=people'],
  ['clusterrole/made-V', 'clusterrole made-V --verb=get --non-resource-url=/logs/*'],
  ['clusterrole/sum-V', 'clusterrole sum-V --aggregation-rule=sum=of'],
  ['clusterrolebinding/made-V', 'clusterrolebinding made-V --clusterrole=view --user=jane'],
  ['resourcequota/made', 'quota made --hard=pods=30,requests.cpu=1500m --scopes=NotTerminating'],
  ['priorityclass/made-V', 'priorityclass made-V --value=7 --description=high --preemption-policy=Never'],
  ['priorityclass/zero-V', 'priorityclass zero-V --value=0'],
]

describe('kubectl on a command line', realKubectl, () => {
  let cluster: ServedCluster
  const kubectls: Kubectl[] = []
  before(async () => {
    cluster = await ServedCluster.open()
    for (const program of findKubectls().filter(({ version }) => VERSIONS.includes(version))) {
      kubectls.push(await cluster.kubectlIn(`imperative-${program.version.replace('.', '-')}`, program))
    }
  })
  after(() => cluster.close())

  /** Shows the same of every version. */
  const each = (what: string, show: (kubectl: Kubectl) => Promise<void>): void => {
    it(what, async () => {
      for (const kubectl of kubectls) await show(kubectl)
    })
  }

  for (const [object, command] of CREATED) {
    it(`create ${command}: the same object of every version`, async () => {
      const made: unknown[] = []
      for (const kubectl of kubectls) {
        const suffix = `-${kubectl.version.replace('.', '-')}`
        const own = (text: string): string => text.replace('-V', suffix)
        assert.match(await kubectl.ok(`create ${own(command)}`), / created\n$/)
        const stored = await kubectl.ok(`get ${own(object)} -o json`)
        made.push(withoutIdentity(stored.replaceAll(suffix, '-V')))
      }
      for (const one of made) assert.deepEqual(one, made[0])
    })
  }

  each('create --dry-run=server: shows what would be, and makes nothing', async (kubectl) => {
    const shown = await kubectl.ok('create configmap dry --from-literal=a=1 --dry-run=server -o jsonpath={.data.a}')
    assert.equal(shown, '1')
    assert.match(await kubectl.refused('get configmap dry'), /\(NotFound\): configmaps "dry" not found$/)
  })

  each('create: hears why an object is refused', async (kubectl) => {
    assert.match(
      await kubectl.refused('create configmap made --from-literal=a=1'),
      /^error: failed to create configmap: configmaps "made" already exists$/,
    )
    assert.match(
      await kubectl.refused('create configmap Made'),
      /^error: failed to create configmap: ConfigMap "Made" is invalid: metadata\.name: Invalid value: "Made": a lowercase RFC 1123 /,
    )
  })

  each('auth can-i: yes, no and everything', async (kubectl) => {
    assert.equal(await kubectl.ok('auth can-i delete pods --subresource=log'), 'yes\n')
    assert.match(await kubectl.ok('auth can-i --list'), /^\*\.\* +\[\] +\[\] +\[\*\]$/m)
    await kubectl.ok('create serviceaccount reader')
    await kubectl.ok('create role reader --verb=get --resource=pods')
    const namespace = await kubectl.ok('config view --minify -o jsonpath={..namespace}')
    await kubectl.ok(`create rolebinding reader --role=reader --serviceaccount=${namespace}:reader`)
    const as = `--as=system:serviceaccount:${namespace}:reader`
    assert.equal(await kubectl.ok(`auth can-i get pods ${as}`), 'yes\n')
    const { code, stdout } = await kubectl.run(['auth', 'can-i', 'delete', 'pods', as])
    assert.deepEqual([code, stdout], [1, 'no\n'])
    assert.match(await kubectl.ok(`auth can-i --list ${as}`), /^pods +\[\] +\[\] +\[get\]$/m)
  })

  each('auth whoami', async (kubectl) => {
    // What older ones ask for was never more than a beta, which clusters of today do not have either.
    if (kubectl.minor < 28) return
    assert.match(await kubectl.ok('auth whoami'), /^Username +\S+\nGroups +\[system:masters system:authenticated\]/m)
  })

  each('create token: a token with the wanted lifetime', async (kubectl) => {
    const token = await kubectl.ok('create token default --duration=20m --audience=some')
    const claims = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as {
      readonly aud: readonly string[]
      readonly exp: number
      readonly iat: number
    }
    assert.deepEqual([claims.aud, claims.exp - claims.iat], [['some'], 1_200])
  })

  each('drain: evicts pods, deletes them, or only says so', async (kubectl) => {
    const run = 'run --image=peapod.local/busybox --restart=Never --grace-period=0'
    const drain = `drain ${hostname()} --pod-selector=of=${kubectl.version} --force --grace-period=0`
    for (const name of ['evicted', 'deleted']) {
      await kubectl.ok(`${run.replace('run', `run ${name}`)} --labels=of=${kubectl.version} --command -- sleep 1000`)
    }
    await kubectl.ok('wait pod/evicted pod/deleted --for=condition=Ready --timeout=30s')
    assert.match(await kubectl.ok(`${drain} --dry-run=server`), /^evicting pod \S+\/evicted \(server dry run\)$/m)
    await kubectl.ok('get pod evicted deleted')
    await kubectl.ok('label pod deleted of-')
    assert.match(await kubectl.ok(drain), /^pod\/evicted evicted$/m)
    await kubectl.ok(`label pod deleted of=${kubectl.version}`)
    assert.match(await kubectl.ok(`${drain} --disable-eviction`), /^pod\/deleted deleted$/m)
    assert.equal(await kubectl.ok('get pods -o name'), '')
    await kubectl.ok(`uncordon ${hostname()}`)
  })

  each('debug: copies a pod', async (kubectl) => {
    await kubectl.ok('run web --image=peapod.local/busybox --restart=Never --env=A=b --port=80 --command -- sleep 1000')
    await kubectl.ok('wait pod/web --for=condition=Ready --timeout=30s')
    await kubectl.ok(
      'debug web --copy-to=copy --container=web --set-image=web=peapod.local/busybox:latest -- sleep 999',
    )
    await kubectl.ok('wait pod/copy --for=condition=Ready --timeout=30s')
    const container = await kubectl.ok('get pod copy -o jsonpath={.spec.containers[0].env}{.spec.containers[0].image}')
    assert.equal(container, '[{"name":"A","value":"b"}]peapod.local/busybox:latest')
    await kubectl.ok('delete pod web copy --now')
  })
})

/** What every object has of its own, and what tells which kubectl made it. */
function withoutIdentity(json: string): unknown {
  const { metadata, ...rest } = JSON.parse(json) as { readonly metadata: Readonly<Record<string, unknown>> }
  const own = new Set(['uid', 'resourceVersion', 'creationTimestamp', 'namespace', 'managedFields'])
  return { ...rest, metadata: Object.fromEntries(Object.entries(metadata).filter(([name]) => !own.has(name))) }
}
