import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { TestServer } from '../../src/node/server/test-server.ts'
import { unlessThereIs } from '../needs.ts'
import { findKubectls, Kubectl, type KubectlEnd } from './kubectl.ts'

/** Objects of most kinds, as a person writes them. */
const MANIFESTS = [
  { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'web' }, data: { a: '1', b: '2' } },
  { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'web' }, stringData: { password: 'x' } },
  { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'robot' } },
  {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'web' },
    spec: { clusterIP: '10.96.0.80', selector: { app: 'web' }, ports: [{ port: 80, targetPort: 'http' }] },
  },
  {
    apiVersion: 'v1',
    kind: 'Endpoints',
    metadata: { name: 'web' },
    subsets: [{ addresses: ['1', '2', '3', '4'].map((last) => ({ ip: `10.1.0.${last}` })), ports: [{ port: 80 }] }],
  },
  { apiVersion: 'v1', kind: 'ResourceQuota', metadata: { name: 'web' }, spec: { hard: { pods: '3' } } },
  {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'Role',
    metadata: { name: 'viewer' },
    rules: [{ apiGroups: [''], resources: ['pods'], verbs: ['get'] }],
  },
  {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'RoleBinding',
    metadata: { name: 'viewers' },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'viewer' },
    subjects: [
      { kind: 'User', name: 'jane', apiGroup: 'rbac.authorization.k8s.io' },
      { kind: 'ServiceAccount', name: 'robot', namespace: 'default' },
    ],
  },
  { apiVersion: 'scheduling.k8s.io/v1', kind: 'PriorityClass', metadata: { name: 'urgent' }, value: 1000 },
  { apiVersion: 'node.k8s.io/v1', kind: 'RuntimeClass', metadata: { name: 'crun' }, handler: 'crun' },
  {
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata: { name: 'mine' },
    spec: { holderIdentity: 'me', leaseDurationSeconds: 40 },
  },
  {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { name: 'web' },
    addressType: 'IPv4',
    endpoints: [{ addresses: ['10.1.0.1'] }, { addresses: ['10.1.0.2'] }],
    ports: [{ port: 80 }],
  },
]

/** What `get` prints of them, without the header's line. */
const ROWS: readonly (readonly [args: string, row: string])[] = [
  ['configmap web', 'web 2 AGE'],
  ['secret web', 'web Opaque 1 AGE'],
  ['sa robot', 'robot 0 AGE'],
  ['svc web', 'web ClusterIP 10.96.0.80 <none> 80/TCP AGE'],
  ['svc web -o wide', 'web ClusterIP 10.96.0.80 <none> 80/TCP AGE app=web'],
  ['endpoints web', 'web 10.1.0.1:80,10.1.0.2:80,10.1.0.3:80 + 1 more... AGE'],
  ['rolebinding viewers', 'viewers Role/viewer AGE'],
  ['rolebinding viewers -o wide', 'viewers Role/viewer AGE jane default/robot'],
  ['pc urgent', 'urgent 1000 false AGE PreemptLowerPriority'],
  ['runtimeclass crun', 'crun crun AGE'],
  ['lease mine', 'mine me AGE'],
  ['endpointslice web', 'web IPv4 80 10.1.0.1,10.1.0.2 AGE'],
]

/** `kubectl create …` */
const CREATED = [
  'namespace made',
  'configmap made --from-literal=a=1',
  'secret generic made --from-literal=a=1',
  'serviceaccount made',
  'service clusterip made --tcp=80:8080',
  'role made --verb=get --resource=pods',
  'rolebinding made --role=made --serviceaccount=default:made',
  'clusterrole made --verb=get --non-resource-url=/logs/*',
  'clusterrolebinding made --clusterrole=made --user=jane',
  'quota made --hard=pods=3',
  'priorityclass made --value=7',
]

/** Refusals as kubectl prints them. */
const REFUSED: readonly (readonly [what: string, manifest: object, sentence: RegExp])[] = [
  [
    'a field that there is not',
    { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'bad' }, dat: {} },
    /ConfigMap in version "v1" cannot be handled as a ConfigMap: strict decoding error: unknown field "dat"/,
  ],
  [
    'a key that may not be',
    { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'bad' }, data: { 'a b': '' } },
    /^The Secret "bad" is invalid: data\[a b\]: Invalid value: "a b": a valid config key must consist of /,
  ],
  [
    'a kind that there is not',
    { apiVersion: 'example.com/v1', kind: 'Robot', metadata: { name: 'bad' } },
    /no matches for kind "Robot" in version "example\.com\/v1"/,
  ],
]

const skip = unlessThereIs('kubectl')

for (const program of skip === false ? findKubectls() : [{ version: 'any', path: '' }]) {
  describe(`kubectl ${program.version} and the kinds of the server`, { skip }, () => {
    let server: TestServer
    let kubectl: Kubectl
    before(async () => {
      server = await TestServer.open({ loopbackPort: 0, clock: { nowMs: Date.now } })
      kubectl = new Kubectl(program, `http://127.0.0.1:${server.loopbackPort}`)
    })
    after(async () => {
      kubectl[Symbol.dispose]()
      await server[Symbol.asyncDispose]()
    })

    const ok = async (args: string, input?: string): Promise<string> => {
      const end = await kubectl.run(args.split(' '), input)
      assert.equal(end.code, 0, `kubectl ${args}: ${end.stderr}`)
      return end.stdout
    }

    it('learns which groups and kinds there are', async () => {
      const versions = (await ok('api-versions')).trim().split('\n')
      for (const version of ['v1', 'events.k8s.io/v1', 'rbac.authorization.k8s.io/v1', 'coordination.k8s.io/v1']) {
        assert.ok(versions.includes(version), version)
      }
      const resources = await ok('api-resources')
      assert.match(resources, /^configmaps +cm +v1 +true +ConfigMap$/m)
      assert.match(resources, /^priorityclasses +pc +scheduling\.k8s\.io\/v1 +false +PriorityClass$/m)
      const names = (await ok('api-resources --namespaced=false --verbs=list -o name')).trim().split('\n')
      assert.ok(names.includes('clusterroles.rbac.authorization.k8s.io') && !names.includes('pods'), names.join())
      assert.match(await ok('api-resources --categories=all -o name'), /^pods\nservices\n$/)
    })

    it('explains fields', async () => {
      const explained = await ok('explain pod.spec.containers')
      assert.match(explained, /^KIND: +Pod\nVERSION: +v1\n/)
      assert.match(explained, /FIELDS?: containers <\[\]Container>/)
      assert.match(explained, /imagePullPolicy\t<string>/)
      assert.match(explained, /List of containers belonging to the pod/)
      assert.match(await ok('explain role.rules.verbs'), /verbs <\[\]string>/)
      const { stderr } = await kubectl.run(['explain', 'robots'])
      assert.match(stderr, /the server doesn't have a resource type "robots"/)
    })

    it('applies objects, and shows them as rows', async () => {
      const applied = await ok('apply -f -', JSON.stringify({ apiVersion: 'v1', kind: 'List', items: MANIFESTS }))
      assert.equal(
        applied
          .trim()
          .split('\n')
          .filter((line) => line.endsWith(' created')).length,
        MANIFESTS.length,
      )
      for (const [args, row] of ROWS) assert.equal(await rowOf(args), row, args)
      assert.match(await ok('get role viewer'), /^NAME +CREATED AT\nviewer +\d{4}-\d\d-\d\dT/)
      assert.match(await ok('get all'), /^service\/web +ClusterIP/m)
      assert.equal(await ok('get secret web -o jsonpath={.data.password}'), 'eA==')
      assert.equal(await ok('get secrets --field-selector type=Opaque -o name'), 'secret/web\n')
    })

    it('creates objects from a command line', async () => {
      for (const args of CREATED) assert.match(await ok(`create ${args}`), / created\n$/, args)
      assert.equal(await ok('get configmap made -o jsonpath={.data}'), '{"a":"1"}')
      assert.equal(await ok('get rolebinding made -o jsonpath={.roleRef.name}'), 'made')
      assert.equal(await ok('get svc made -o jsonpath={.spec.ports[0].targetPort}'), '8080')
    })

    for (const [what, manifest, sentence] of REFUSED) {
      it(`hears why ${what} is refused`, async () => {
        const end: KubectlEnd = await kubectl.run(['create', '-f', '-'], JSON.stringify(manifest))
        assert.equal(end.code, 1)
        assert.match(
          end.stderr.replace(/^Error from server \(BadRequest\): error when creating "STDIN": /, ''),
          sentence,
        )
      })
    }

    /** The second line of a table, its columns apart by one space, and its age not told. */
    async function rowOf(args: string): Promise<string> {
      const [, row = ''] = (await ok(`get ${args}`)).trimEnd().split('\n')
      return row
        .trim()
        .split(/ {2,}/)
        .map((cell) => (/^\d+s$/.test(cell) ? 'AGE' : cell))
        .join(' ')
    }
  })
}
