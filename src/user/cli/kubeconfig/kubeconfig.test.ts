import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { parse } from 'yaml'
import { callCli } from '../fake-environment.ts'
import { mergeKubeconfig, type ServerAccess } from './merge-kubeconfig.ts'

const ACCESS: ServerAccess = {
  url: 'https://127.0.0.1:6443',
  authority: 'the authority',
  certificate: 'the certificate',
  key: 'the key',
  machine: 'laptop',
}

const base64 = (text: string): string => Buffer.from(text).toString('base64')

const MADE = {
  apiVersion: 'v1',
  kind: 'Config',
  clusters: [
    {
      name: 'laptop',
      cluster: { 'certificate-authority-data': base64('the authority'), server: 'https://127.0.0.1:6443' },
    },
  ],
  users: [
    {
      name: 'peapod-laptop',
      user: { 'client-certificate-data': base64('the certificate'), 'client-key-data': base64('the key') },
    },
  ],
  contexts: [{ name: 'peapod-laptop', context: { cluster: 'laptop', user: 'peapod-laptop' } }],
  'current-context': 'peapod-laptop',
}

const OTHERS = `# mine
apiVersion: v1
kind: Config
clusters:
  - name: work # the big one
    cluster: {server: https://work:6443}
users:
  - {name: me, user: {token: secret}}
contexts:
  - {name: work, context: {cluster: work, user: me, namespace: shop}}
current-context: work
preferences: {colors: true}
`

describe('mergeKubeconfig', () => {
  it('makes a whole one', () => assert.deepEqual(parse(mergeKubeconfig('', ACCESS)), MADE))

  it('leaves what is there as it was, comments too', () => {
    const merged = mergeKubeconfig(OTHERS, ACCESS)
    assert.match(merged, /^# mine\n/)
    assert.match(merged, /name: work # the big one/)
    const {
      clusters,
      users,
      contexts,
      preferences,
      'current-context': current,
    } = parse(merged) as typeof MADE & {
      preferences: unknown
    }
    assert.deepEqual(
      clusters.map(({ name }) => name),
      ['work', 'laptop'],
    )
    assert.deepEqual(
      users.map(({ name }) => name),
      ['me', 'peapod-laptop'],
    )
    assert.deepEqual(
      contexts.map(({ name }) => name),
      ['work', 'peapod-laptop'],
    )
    assert.deepEqual(preferences, { colors: true })
    assert.equal(current, 'peapod-laptop')
  })

  it('replaces its own entry', () => {
    const again = mergeKubeconfig(mergeKubeconfig(OTHERS, ACCESS), { ...ACCESS, url: 'https://127.0.0.1:7000' })
    const { clusters } = parse(again) as typeof MADE
    assert.deepEqual(
      clusters.map(({ cluster }) => cluster.server),
      ['https://work:6443', 'https://127.0.0.1:7000'],
    )
  })

  for (const [title, text] of [
    ['no YAML', 'a: [b'],
    ['no mapping', '- a'],
    ['a list that is none', 'clusters: many'],
  ] as const) {
    it(`refuses ${title}`, () =>
      assert.throws(() => mergeKubeconfig(text, ACCESS, '/f'), /read the kubeconfig "\/f": .*nothing was written/s))
  }
})

describe('peapod kubeconfig', () => {
  let directory = ''
  before(() => {
    directory = mkdtempSync(join(tmpdir(), 'peapod-kubeconfig-'))
  })
  after(() => rmSync(directory, { recursive: true }))

  it('prints the access', async () => {
    const { exitCode, stdout } = await callCli(['kubeconfig'], { serverAccess: ACCESS })
    assert.equal(exitCode, 0)
    assert.deepEqual(parse(stdout), MADE)
  })

  it('prints another address of the server', async () => {
    const { stdout } = await callCli(['kubeconfig', '--server', 'https://laptop.lan:6443'], { serverAccess: ACCESS })
    assert.equal((parse(stdout) as typeof MADE).clusters[0]?.cluster.server, 'https://laptop.lan:6443')
  })

  it('merges into a new file that only its owner reads', async () => {
    const { exitCode, stdout, stderr } = await callCli(['kubeconfig', '--merge'], {
      serverAccess: ACCESS,
      env: { HOME: directory },
    })
    const file = join(directory, '.kube', 'config')
    assert.deepEqual([exitCode, stdout, stderr], [0, '', `${file}: the current context is now peapod-laptop\n`])
    assert.deepEqual(parse(readFileSync(file, 'utf8')), MADE)
    assert.equal(statSync(file).mode & 0o777, 0o600)
    assert.deepEqual(readdirSync(join(directory, '.kube')), ['config'])
  })

  it('merges into the first file of $KUBECONFIG, and leaves one alone that it cannot read', async () => {
    const file = join(directory, 'broken')
    writeFileSync(file, 'a: [b')
    const env = { KUBECONFIG: `${file}:/other`, HOME: directory }
    const { exitCode, stderr } = await callCli(['kubeconfig', '--merge'], { serverAccess: ACCESS, env })
    assert.equal(exitCode, 1)
    assert.match(stderr, /broken".*nothing was written/s)
    assert.equal(readFileSync(file, 'utf8'), 'a: [b')
  })
})
