import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { Kubectl } from './kubectl.ts'
import { oldestAndNewest, realKubectl, ServedCluster } from './served-cluster.ts'

/** Lists the pods of its namespace, then tries what its account may not, and prints the names and the two answers. */
const PROGRAM = `
const { readFileSync } = require('node:fs')
const { request } = require('node:https')
const { API, CA, NAMESPACE } = process.env
const ask = (method, path, token = process.env.TOKEN) => new Promise((resolve, reject) => {
  const headers = { authorization: 'Bearer ' + token }
  request(API + path, { method, ca: CA, headers }, (answer) => {
    let text = ''
    answer.on('data', (chunk) => (text += chunk)).on('end', () => resolve({ code: answer.statusCode, ...JSON.parse(text) }))
  }).on('error', reject).end()
})
const pods = '/api/v1/namespaces/' + NAMESPACE + '/pods'
const main = async () => {
  const { code, items } = await ask('GET', pods)
  console.log(code, items.map((pod) => pod.metadata.name).join())
  console.log((await ask('DELETE', pods + '/reader')).message)
  console.log((await ask('GET', '/api/v1/namespaces/kube-system/pods')).message)
  console.log((await ask('GET', pods, process.env.TOKEN.slice(0, -4) + 'AAAA')).message)
}
main().catch((error) => { console.log(error.message); process.exitCode = 1 })
`

const NAMESPACE = 'inside'

describe('a program in a pod', realKubectl, () => {
  let cluster: ServedCluster
  let kubectl: Kubectl
  before(async () => {
    cluster = await ServedCluster.open()
    const program = oldestAndNewest().at(-1)
    assert.ok(program !== undefined)
    kubectl = await cluster.kubectlIn(NAMESPACE, program)
  })
  after(() => cluster.close())

  it("sees by its account's token what that account may see", async () => {
    const account = { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'reader' } }
    await kubectl.ok('create -f', kubectl.file('account.json', account, viewFor('reader')))
    const token = (await kubectl.ok('create token reader --duration=10m')).trim()
    // It comes a moment after its namespace.
    const authority = await cluster.server.until('the certificate of the server is there', async () => {
      const args = ['get', 'configmap', 'kube-root-ca.crt', '--ignore-not-found', '-o', 'jsonpath={.data.ca\\.crt}']
      return (await kubectl.run(args)).stdout || undefined
    })
    const api = await cluster.server.until('the Service of the API leads somewhere', async () => {
      const where = 'jsonpath={.endpoints[0].addresses[0]}:{.ports[0].port}'
      const slice = ['get', 'endpointslice', 'kubernetes', '-n', 'default', '--ignore-not-found', '-o', where]
      return /^[\d.]+:\d+$/.exec((await kubectl.run(slice)).stdout)?.[0]
    })
    const env = { API: `https://${api}`, CA: authority, NAMESPACE, TOKEN: token }
    await kubectl.ok('create -f', kubectl.file('pod.json', readerPod(env)))
    await kubectl.ok('wait --timeout=60s --for=jsonpath={.status.phase}=Succeeded pod/reader')
    const user = `system:serviceaccount:${NAMESPACE}:reader`
    assert.deepEqual((await kubectl.ok('logs reader')).trim().split('\n'), [
      '200 reader',
      `pods "reader" is forbidden: User "${user}" cannot delete resource "pods" in API group "" in the namespace "${NAMESPACE}"`,
      `pods is forbidden: User "${user}" cannot list resource "pods" in API group "" in the namespace "kube-system"`,
      'Unauthorized',
    ])
  })
})

function readerPod(env: Readonly<Record<string, string>>): object {
  const container = {
    name: 'reader',
    image: 'peapod.local/node',
    command: ['node', '-e', PROGRAM],
    env: Object.entries(env).map(([name, value]) => ({ name, value: value.replaceAll('$', '$$$$') })),
  }
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'reader' },
    spec: { restartPolicy: 'Never', serviceAccountName: 'reader', containers: [container] },
  }
}

function viewFor(account: string): object {
  return {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'RoleBinding',
    metadata: { name: `${account}-views` },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'view' },
    subjects: [{ kind: 'ServiceAccount', name: account, namespace: NAMESPACE }],
  }
}
