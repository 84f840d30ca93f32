import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { Pod } from '../../src/kube/api/pod.ts'
import { shell, UNTIL_STOPPED } from '../real/sample-pods.ts'
import type { Kubectl } from './kubectl.ts'
import { oldestAndNewest, realKubectl, ServedCluster } from './served-cluster.ts'

const MiB = 1024 * 1024
const OLD = { limits: { cpu: '200m', memory: '64Mi' }, requests: { cpu: '20m', memory: '16Mi' } }
const NEW = { limits: { cpu: '300m', memory: '96Mi' }, requests: { cpu: '30m', memory: '16Mi' } }
/** Where a container sees its memory limit, with version 1 of cgroups and with version 2. */
const SHOW_LIMIT = 'cat /sys/fs/cgroup/memory/memory.limit_in_bytes 2>/dev/null || cat /sys/fs/cgroup/memory.max'

const SERVER = `
const { createServer } = require('node:http')
createServer((incoming, response) => {
  const { method, url, headers } = incoming
  if (url === '/to') return void response.writeHead(302, { location: '/there' }).end()
  if (url === '/echo') return void incoming.pipe(response)
  response.end([method, url, headers.authorization, headers['x-forwarded-uri']].join(' '))
}).listen(8080, () => console.log('listens'))
process.on('SIGTERM', () => process.exit(0))
`

function podOf(name: string, spec: object): object {
  const common = { terminationGracePeriodSeconds: 1, automountServiceAccountToken: false }
  return { apiVersion: 'v1', kind: 'Pod', metadata: { name }, spec: { ...common, ...spec } }
}

async function read(kubectl: Kubectl, name: string): Promise<Pod> {
  return JSON.parse(await kubectl.ok(`get pod ${name} -o json`)) as Pod
}

/** By `--subresource`, or as clients did before kubectl knew of it. */
async function resize(kubectl: Kubectl, namespace: string, resources: object): Promise<void> {
  if (kubectl.minor >= 32) {
    const patch = { spec: { containers: [{ name: 'app', resources }] } }
    await kubectl.ok('patch pod sized --subresource=resize --patch', JSON.stringify(patch))
    return
  }
  const pod = await read(kubectl, 'sized')
  const containers = pod.spec.containers.map((each) => (each.name === 'app' ? { ...each, resources } : each))
  const file = kubectl.file('resized.json', { ...pod, spec: { ...pod.spec, containers } })
  await kubectl.ok(`replace --raw /api/v1/namespaces/${namespace}/pods/sized/resize -f ${file}`)
}

const resourcesIn = (cpu: string): string => `--for=jsonpath={.status.containerStatuses[0].resources.limits.cpu}=${cpu}`

describe('kubectl and the subresources of pods', realKubectl, () => {
  let cluster: ServedCluster
  before(async () => {
    cluster = await ServedCluster.open()
  })
  after(() => cluster.close())

  for (const program of oldestAndNewest()) {
    const suffix = program.version.replace('.', '-')

    it(`kubectl ${program.version} resizes a running pod`, async () => {
      const namespace = `resize-${suffix}`
      const kubectl = await cluster.kubectlIn(namespace, program)
      const restarted = { resizePolicy: [{ resourceName: 'memory', restartPolicy: 'RestartContainer' }] }
      const containers = [
        shell('app', UNTIL_STOPPED, { resources: OLD }),
        shell('other', UNTIL_STOPPED, { resources: OLD, ...restarted }),
      ]
      await kubectl.ok('create -f', kubectl.file('sized.json', podOf('sized', { containers })))
      await kubectl.ok('wait --for=condition=Ready pod/sized --timeout=60s')
      const limit = async (): Promise<string> => (await kubectl.ok('exec sized -c app -- sh -c', SHOW_LIMIT)).trim()
      assert.equal(await limit(), String(64 * MiB))

      await resize(kubectl, namespace, NEW)
      await kubectl.ok('wait pod/sized --timeout=30s', resourcesIn('300m'))
      assert.equal(await limit(), String(96 * MiB))
      const { metadata, status } = await read(kubectl, 'sized')
      assert.equal(metadata.generation, 2)
      const [app, other] = status?.containerStatuses ?? []
      assert.deepEqual([app?.resources, app?.allocatedResources, app?.restartCount], [NEW, NEW.requests, 0])
      assert.deepEqual([other?.resources, other?.restartCount], [OLD, 0])
      assert.match(
        await kubectl.ok('events --for pod/sized'),
        /Normal +ResizeStarted +Pod\/sized +Pod resize started: /,
      )

      await resize(kubectl, namespace, {
        limits: { ...NEW.limits, cpu: '5k' },
        requests: { ...NEW.requests, cpu: '5k' },
      })
      await kubectl.ok('wait pod/sized --timeout=30s --for=condition=PodResizePending')
      const pending = (await read(kubectl, 'sized')).status?.conditions?.find(({ type }) => type === 'PodResizePending')
      assert.match(
        `${pending?.reason}: ${pending?.message}`,
        /^Infeasible: Node didn't have enough capacity: cpu, requested: 5000020, /,
      )
      if (kubectl.minor < 32) return
      const guaranteed = JSON.stringify({
        spec: { containers: [{ name: 'app', resources: { limits: { memory: null } } }] },
      })
      assert.equal(
        await kubectl.refused('patch pod sized --subresource=resize --patch', guaranteed),
        'The Pod "sized" is invalid: spec.containers[0].resources.limits: Forbidden: resource limits cannot be removed',
      )
      const patch = { spec: { containers: [{ name: 'other', resources: { limits: { memory: '80Mi' } } }] } }
      await kubectl.ok(
        'patch pod sized --subresource=resize --patch',
        JSON.stringify({ spec: { containers: [{ name: 'app', resources: NEW }, ...patch.spec.containers] } }),
      )
      await kubectl.ok('wait pod/sized --timeout=60s --for=jsonpath={.status.containerStatuses[1].restartCount}=1')
      assert.match(
        await kubectl.ok('events --for pod/sized'),
        /Killing +Pod\/sized +Container other resize requires restart/,
      )
    })

    it(`kubectl ${program.version} binds the pod of a scheduler of one's own`, async () => {
      const namespace = `binding-${suffix}`
      const kubectl = await cluster.kubectlIn(namespace, program)
      const containers = [shell('app', UNTIL_STOPPED)]
      const pod = podOf('mine', { schedulerName: 'my-scheduler', containers })
      await kubectl.ok('create -f', kubectl.file('mine.json', pod))
      const node = await kubectl.ok('get nodes -o', 'jsonpath={.items[0].metadata.name}')
      assert.equal((await read(kubectl, 'mine')).spec.nodeName, undefined)
      const binding = {
        apiVersion: 'v1',
        kind: 'Binding',
        metadata: { name: 'mine' },
        target: { kind: 'Node', name: node },
      }
      const bind = `create --raw /api/v1/namespaces/${namespace}/pods/mine/binding -f ${kubectl.file('binding.json', binding)}`
      assert.match(await kubectl.ok(bind), /"status":"Success"/)
      await kubectl.ok('wait --for=condition=Ready pod/mine --timeout=60s')
      const why = `pod mine is already assigned to node "${node}"`
      assert.equal(
        await kubectl.refused(bind),
        `Error from server (Conflict): Operation cannot be fulfilled on pods/binding "mine": ${why}`,
      )
    })

    it(`kubectl ${program.version} reaches a server in a pod`, async () => {
      const namespace = `proxy-${suffix}`
      const kubectl = await cluster.kubectlIn(namespace, program)
      const server = { name: 'server', image: 'peapod.local/node', command: ['node', '-e', SERVER] }
      const readinessProbe = { tcpSocket: { port: 8080 }, periodSeconds: 1 }
      const containers = [{ ...server, readinessProbe, ports: [{ containerPort: 8080, name: 'web' }] }]
      await kubectl.ok('create -f', kubectl.file('web.json', podOf('web', { containers })))
      await kubectl.ok('wait --for=condition=Ready pod/web --timeout=60s')
      const pods = `/api/v1/namespaces/${namespace}/pods`
      for (const id of ['web', 'web:8080', 'web:web', 'http:web:8080']) {
        assert.equal(await kubectl.ok(`get --raw ${pods}/${id}/proxy/some/path?x=1`), 'GET /some/path?x=1  /some/path')
      }
      const body = kubectl.file('body.json', { said: 'hello' })
      assert.equal(await kubectl.ok(`create --raw ${pods}/web/proxy/echo -f ${body}`), '{"said":"hello"}')
      assert.match(
        await kubectl.refused(`get --raw ${pods}/web:81/proxy/`),
        /error trying to reach service: dial tcp .*:81: connect: connection refused/,
      )
      assert.match(await kubectl.refused(`get --raw ${pods}/nobody/proxy/`), /pods "nobody" not found/)

      await using proxy = kubectl.begin('proxy --port=0')
      const address = /127\.0\.0\.1:\d+/.exec(await proxy.until(/Starting to serve on/))?.[0] ?? ''
      const url = `http://${address}${pods}/web/proxy`
      const sent = Buffer.alloc(20 * MiB, 'peapod ')
      const echoed = await fetch(`${url}/echo`, { method: 'PUT', body: sent })
      assert.ok(Buffer.from(await echoed.arrayBuffer()).equals(sent))
      const redirected = await fetch(`${url}/to`, { redirect: 'manual' })
      assert.deepEqual([redirected.status, redirected.headers.get('location')], [302, `${pods}/web/proxy/there`])
      const slashless = await fetch(url, { redirect: 'manual' })
      assert.deepEqual([slashless.status, slashless.headers.get('location')], [301, `${pods}/web/proxy/`])
    })
  }
})
