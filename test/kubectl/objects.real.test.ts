import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { Kubectl, KubectlProgram } from './kubectl.ts'
import { oldestAndNewest, realKubectl, ServedCluster } from './served-cluster.ts'

const configMap = (name: string, data: object, labels: object = { made: 'here' }): object => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, labels },
  data,
})
const DATA = '-o jsonpath={.data}'
const MANAGERS = '-o jsonpath={range.metadata.managedFields[*]}{.manager}:{.operation};{end} --show-managed-fields'

type Case = readonly [what: string, show: (kubectl: Kubectl) => Promise<void>]

const CASES: readonly Case[] = [
  [
    'applies: makes, leaves, changes, takes away what is no longer said',
    async (kubectl) => {
      const said = (data: object): string => kubectl.file('said.json', configMap('said', data))
      assert.equal(await kubectl.ok('apply -f', said({ a: '1', b: '2' })), 'configmap/said created\n')
      assert.equal(await kubectl.ok('apply -f', said({ a: '1', b: '2' })), 'configmap/said unchanged\n')
      await kubectl.ok('patch configmap said --type=merge -p', '{"data":{"theirs":"x"}}')
      const dry = await kubectl.ok('apply --dry-run=server -f', said({ a: '9' }))
      assert.equal(dry, 'configmap/said configured (server dry run)\n')
      assert.equal(
        await kubectl.ok('apply --dry-run=client -f', said({ a: '9' })),
        'configmap/said configured (dry run)\n',
      )
      assert.equal(await kubectl.ok(`get configmap said ${DATA}`), '{"a":"1","b":"2","theirs":"x"}')
      const difference = await kubectl.run(['diff', '-f', said({ a: '9' })])
      assert.equal(difference.code, 1)
      assert.match(difference.stdout, /^-  a: "1"\n-  b: "2"\n\+  a: "9"\n {3}theirs: x\n/m)
      assert.equal(await kubectl.ok('apply -f', said({ a: '9' })), 'configmap/said configured\n')
      assert.equal(await kubectl.ok(`get configmap said ${DATA}`), '{"a":"9","theirs":"x"}')
      assert.equal((await kubectl.run(['diff', '-f', said({ a: '9' })])).code, 0)
    },
  ],
  [
    'keeps what was applied last',
    async (kubectl) => {
      assert.match(await kubectl.ok('apply view-last-applied configmap/said'), /^data:\n {2}a: "9"\nkind: ConfigMap\n/m)
      const file = kubectl.file('said.json', configMap('said', { a: '10' }))
      assert.equal(await kubectl.ok('apply set-last-applied -f', file), 'configmap/said configured\n')
      const edited = await kubectl.run(['apply', 'edit-last-applied', 'configmap/said'], '', {
        EDITOR: 'sed -i s/10/11/',
      })
      assert.match(edited.stdout, /^configmap\/said edited\n/)
      assert.match(await kubectl.ok('apply view-last-applied configmap/said'), /a: "11"/)
    },
  ],
  [
    'applies on the server: conflicts, force, owners',
    async (kubectl) => {
      const apply = (data: object, ...more: string[]): Promise<string> =>
        kubectl.ok('apply --server-side -f', kubectl.file('side.json', configMap('side', data)), ...more)
      assert.equal(await apply({ a: '1', b: '1' }, '--field-manager=one'), 'configmap/side serverside-applied\n')
      const file = kubectl.file('side.json', configMap('side', { b: '2', c: '2' }))
      assert.match(
        await kubectl.refused(`apply --server-side --field-manager=two -f ${file}`),
        /^error: Apply failed with 1 conflict: conflict with "one": \.data\.b\n/,
      )
      await apply({ b: '2', c: '2' }, '--field-manager=two', '--force-conflicts')
      assert.equal(await kubectl.ok(`get configmap side ${DATA}`), '{"a":"1","b":"2","c":"2"}')
      await apply({ a: '1' }, '--field-manager=one')
      await apply({ c: '2' }, '--field-manager=two')
      assert.equal(await kubectl.ok(`get configmap side ${DATA}`), '{"a":"1","c":"2"}')
      assert.match(await kubectl.ok(`get configmap side ${MANAGERS}`), /^(one:Apply;two:Apply;|two:Apply;one:Apply;)$/)
      const more = kubectl.file('more.json', configMap('side', { b: '2', c: '2' }))
      const difference = await kubectl.run(['diff', '--server-side', '--field-manager=two', '-f', more])
      assert.match(difference.stdout, /^\+ {2}b: "2"$/m)
    },
  ],
  [
    'prunes what is no longer in the files',
    async (kubectl) => {
      const set = { set: 'one' }
      const both = kubectl.file('set.json', configMap('keep', { a: '1' }, set), configMap('drop', { a: '1' }, set))
      await kubectl.ok(`apply -f ${both}`)
      const rest = kubectl.file('set.json', configMap('keep', { a: '1' }, set))
      const printed = await kubectl.ok(`apply --prune -l set=one --prune-allowlist=core/v1/ConfigMap -f ${rest}`)
      assert.match(printed, /^configmap\/keep unchanged\nconfigmap\/drop pruned\n$/)
      assert.equal(await kubectl.ok('get configmaps -l set=one -o name'), 'configmap/keep\n')
    },
  ],
  [
    'replaces, and is refused an older version',
    async (kubectl) => {
      await kubectl.ok('create -f', kubectl.file('old.json', configMap('old', { a: '1' })))
      const before = JSON.parse(await kubectl.ok('get configmap old -o json')) as { data: object }
      const changed = kubectl.file('old.json', { ...before, data: { a: '2' } })
      assert.equal(await kubectl.ok(`replace -f ${changed}`), 'configmap/old replaced\n')
      assert.match(
        await kubectl.refused(`replace -f ${changed}`),
        /\(Conflict\): .*Operation cannot be fulfilled on configmaps "old": the object has been modified; please apply your changes to the latest version and try again$/,
      )
      const none = kubectl.file('none.json', configMap('none', {}))
      assert.match(await kubectl.refused(`replace -f ${none}`), /\(NotFound\): .*configmaps "none" not found$/)
      assert.match(
        await kubectl.refused(`create -f ${changed}`),
        /\(AlreadyExists\): .*configmaps "old" already exists$/,
      )
    },
  ],
  [
    'patches in every way',
    async (kubectl) => {
      const patch = 'patch configmap old --type'
      await kubectl.ok(`${patch}=strategic -p`, '{"data":{"b":"1"},"metadata":{"labels":{"x":"y"}}}')
      await kubectl.ok(`${patch}=merge -p`, '{"data":{"b":null,"c":"1"}}')
      await kubectl.ok(
        `${patch}=json -p`,
        '[{"op":"test","path":"/data/c","value":"1"},{"op":"move","from":"/data/c","path":"/data/d"}]',
      )
      assert.equal(await kubectl.ok(`get configmap old ${DATA}`), '{"a":"2","d":"1"}')
      assert.equal(await kubectl.ok(`${patch}=merge -p`, '{"data":{"d":"1"}}'), 'configmap/old patched (no change)\n')
      assert.match(
        await kubectl.refused(`${patch}=json -p`, '[{"op":"remove","path":"/data/nope"}]'),
        /^The request is invalid: /,
      )
      assert.match(
        await kubectl.refused(`${patch}=merge -p`, '{"data":{"n":1}}'),
        /cannot be handled as a ConfigMap|invalid/,
      )
      const local = await kubectl.ok(
        'patch --local -o jsonpath={.data.q} -p',
        '{"data":{"q":"7"}}',
        '-f',
        kubectl.file('l.json', configMap('l', {})),
      )
      assert.equal(local, '7')
    },
  ],
  [
    'edits',
    async (kubectl) => {
      const edit = (script: string): ReturnType<Kubectl['run']> =>
        kubectl.run(['edit', 'configmap/old'], '', { EDITOR: `sed -i ${script}` })
      assert.equal((await edit('s/^..a:.*/\\ \\ a:\\ edited/')).stdout, 'configmap/old edited\n')
      assert.equal(await kubectl.ok('get configmap old -o jsonpath={.data.a}'), 'edited')
      assert.match((await edit('s/q/q/')).stderr, /^Edit cancelled, no changes made/)
    },
  ],
  [
    'labels and annotates',
    async (kubectl) => {
      assert.equal(await kubectl.ok('label configmap old tier=front'), 'configmap/old labeled\n')
      assert.match(
        await kubectl.refused('label configmap old tier=back'),
        /'tier' already has a value \(front\), and --overwrite is false/,
      )
      await kubectl.ok('label configmap old tier=back --overwrite')
      assert.equal(await kubectl.ok('label configmap old tier- x- made-'), 'configmap/old unlabeled\n')
      assert.equal(await kubectl.ok('get configmap old -o jsonpath={.metadata.labels}'), '')
      assert.match(await kubectl.ok('annotate configmap old note=1 other=2'), /^configmap\/old annotated?\n$/)
      assert.match(await kubectl.ok('annotate configmap old note-'), /^configmap\/old annotated?\n$/)
      assert.equal(
        await kubectl.ok('get configmap old -o jsonpath={.metadata.annotations}{.metadata.labels.tier}'),
        '{"other":"2"}',
      )
      assert.match(
        await kubectl.refused('label configmap old', 'bad key=1'),
        /^The ConfigMap "old" is invalid: metadata\.labels: Invalid value: "bad key": name part must consist of/,
      )
      assert.match(await kubectl.ok('annotate configmap --all all=yes'), /(configmap\/\S+ annotated?\n){3}/)
    },
  ],
  [
    'deletes by file, label and all, and knows what is not there',
    async (kubectl) => {
      await kubectl.ok(
        'create -f',
        kubectl.file('x.json', configMap('x', {}, { gone: 'x' }), configMap('y', {}, { gone: 'y' })),
      )
      assert.match(await kubectl.ok('delete configmap -l gone=x'), /^configmap "x" deleted/)
      assert.match(await kubectl.ok('delete configmap x y --ignore-not-found'), /^configmap "y" deleted/)
      assert.match(
        await kubectl.refused('delete configmap x'),
        /^Error from server \(NotFound\): configmaps "x" not found$/,
      )
      assert.equal(await kubectl.ok('delete configmap,secret -l gone'), 'No resources found\n')
      assert.match(
        await kubectl.ok('delete configmaps --all --dry-run=server'),
        /configmap "old" deleted.*\(server dry run\)/,
      )
      await kubectl.ok('delete configmaps --all')
      // The server's own one comes back.
      assert.equal(await kubectl.ok('get configmaps --field-selector metadata.name!=kube-root-ca.crt -o name'), '')
    },
  ],
  [
    'describes what holds no pods',
    async (kubectl) => {
      await kubectl.ok('create secret generic key --from-literal=word=secret')
      await kubectl.ok('create configmap values --from-literal=a=1')
      await kubectl.ok('create quota few --hard=pods=3')
      const described = await kubectl.ok(
        'describe secret/key configmap/values serviceaccount/default resourcequota/few',
      )
      assert.match(described, /^Type: +Opaque\n\nData\n====\nword: +6 bytes\n/m)
      assert.match(described, /^Data\n====\na:\n----\n1\n/m)
      assert.match(described, /^Image pull secrets: +<none>\nMountable secrets: +<none>\nTokens: +<none>\n/m)
      assert.match(described, /^Resource +Used +Hard\n/m)
    },
  ],
]

describe('kubectl writes objects', { ...realKubectl, concurrency: 2 }, () => {
  let cluster: ServedCluster
  before(async () => {
    cluster = await ServedCluster.open()
  })
  after(() => cluster.close())

  for (const program of oldestAndNewest()) describeWrites(program, () => cluster)
})

function describeWrites(program: KubectlProgram, cluster: () => ServedCluster): void {
  describe(`kubectl ${program.version}`, { concurrency: 1 }, () => {
    let kubectl: Kubectl
    before(async () => {
      kubectl = await cluster().kubectlIn(`writes-${program.version.replace('.', '-')}`, program)
    })
    for (const [what, show] of CASES) it(what, () => show(kubectl))
  })
}
