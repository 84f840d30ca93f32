import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { parseMetrics, type ParsedFamily, type ParsedSample } from '../parse-metrics.ts'
import { pod, shell } from '../real/sample-pods.ts'
import type { Kubectl } from './kubectl.ts'
import { oldestAndNewest, realKubectl, ServedCluster } from './served-cluster.ts'

const MIB = 2 ** 20
const HELD_MIB = 64
/** Of a core. */
const BURNT_MILLI = 200

/** Burns a fifth of a core and holds 64 MiB, side by side; restarts once; has a probe. */
const PODS = [
  pod('burner', {
    containers: [
      { ...shell('fire', 'while :; do :; done'), resources: { limits: { cpu: `${BURNT_MILLI}m` } } },
      shell('ash', 'sleep 1000'),
    ],
  }),
  pod('holder', {
    // What is written below /dev/shm is memory of the pod.
    containers: [shell('hold', `head -c ${HELD_MIB}m /dev/zero > /dev/shm/held; sleep 1000`)],
  }),
  pod('restless', {
    restartPolicy: 'Always',
    containers: [
      {
        ...shell('app', '[ -e /kept/once ] || { touch /kept/once; exit 1; }; sleep 1000'),
        volumeMounts: [{ name: 'kept', mountPath: '/kept' }],
        readinessProbe: { exec: { command: ['true'] }, periodSeconds: 1 },
      },
    ],
    volumes: [{ name: 'kept', emptyDir: {} }],
  }),
]

describe('metrics of a server', { ...realKubectl }, () => {
  let cluster: ServedCluster
  let kubectl: Kubectl
  const all = new Map<string, Kubectl>()

  before(async () => {
    cluster = await ServedCluster.open()
    for (const program of oldestAndNewest()) {
      all.set(program.version, await cluster.kubectlIn(`metrics-${program.version.replace('.', '-')}`, program))
    }
    const [first] = all.values()
    assert.ok(first)
    kubectl = first
    for (const each of all.values()) {
      await each.ok('create -f', each.file('pods.json', ...PODS))
      await each.ok('wait pod --all --for=condition=Ready --timeout=60s')
    }
  })

  after(() => cluster.close())

  async function families(): Promise<ReadonlyMap<string, ParsedFamily>> {
    return parseMetrics(await kubectl.ok('get --raw /metrics'))
  }

  async function sample(family: string, labels: Readonly<Record<string, string>>): Promise<ParsedSample | undefined> {
    const samples = (await families()).get(family)?.samples ?? []
    return samples.find((each) => Object.entries(labels).every(([name, value]) => each.labels[name] === value))
  }

  for (const { version } of oldestAndNewest()) {
    it(`kubectl ${version} top pods: what burns a fifth of a core, what holds 64 MiB`, async () => {
      const own = all.get(version)
      assert.ok(own)
      // Others may need the machine's cores meanwhile.
      await cluster.server.until('the pods are seen as they are', async () => {
        const rows = rowsOf(await own.ok('top pods'))
        assert.deepEqual([...rows.keys()], ['burner', 'holder', 'restless'])
        return (
          // On a busy machine it does not get all that it may have.
          isBetween(rows.get('burner')?.milli, BURNT_MILLI * 0.4, BURNT_MILLI * 1.25) &&
          isBetween(rows.get('holder')?.mebibytes, HELD_MIB * 0.9, HELD_MIB * 1.1)
        )
      })
      const containers = await own.ok('top pods burner --containers --no-headers')
      assert.match(containers, /^burner +ash +\d+m +\d+Mi\s*\nburner +fire +\d+m +\d+Mi\s*$/)
      assert.match(await own.ok('top pods -l app=none'), /^$/)
    })

    it(`kubectl ${version} top nodes: at least what the pods use`, async () => {
      const own = all.get(version)
      const [, cores = '', percent = '', memory = ''] =
        /^\S+ +(\d+)m +(\d+)% +(\d+)Mi +(\d+)%/m.exec((await own?.ok('top nodes --no-headers')) ?? '') ?? []
      assert.ok(Number(cores) >= BURNT_MILLI * 0.4 && Number(percent) > 0 && Number(memory) >= HELD_MIB)
    })
  }

  it('kubectl get shows them as the metrics server does', async () => {
    const table = await kubectl.ok('get pods.metrics.k8s.io burner')
    assert.match(table, /^NAME +CPU +MEMORY +WINDOW\nburner +\d+n +\d+(Ki)? +\d+(\.\d+)?s\n$/)
    const used = JSON.parse(await kubectl.ok('get podmetrics holder -o json')) as { containers: readonly object[] }
    assert.equal(used.containers.length, 1)
    assert.match(
      await kubectl.refused('get podmetrics nobody'),
      /^Error from server \(NotFound\): pods "metrics-\d-\d+\/nobody" not found$/,
    )
  })

  it('/metrics tells of requests, pods, probes and what the machine did, and forgets pods that are gone', async () => {
    const told = await families()
    const value = (family: string, name: string): number =>
      told.get(family)?.samples.find((each) => each.name === name)?.value ?? 0
    const started = value('kubelet_pod_start_duration_seconds', 'kubelet_pod_start_duration_seconds_count')
    assert.equal(started, PODS.length * all.size)
    assert.ok(value('kubelet_running_pods', 'kubelet_running_pods') >= PODS.length)
    assert.ok(value('process_resident_memory_bytes', 'process_resident_memory_bytes') > 20 * MIB)
    const created = await sample('apiserver_request_total', { verb: 'POST', resource: 'pods', code: '201' })
    assert.equal(created?.value, PODS.length * all.size)
    const operations = await sample('kubelet_runtime_operations_total', { operation_type: 'start_container' })
    assert.ok((operations?.value ?? 0) >= 4 * all.size)
    assert.ok(((await sample('apiserver_storage_objects', { resource: 'pods' }))?.value ?? 0) >= PODS.length)
    await kubectl.ok('exec burner -c ash -- true')
    const exec = { verb: 'CONNECT', resource: 'pods', subresource: 'exec' }
    await cluster.server.until('the exec is over', async () => {
      return (await sample('apiserver_longrunning_requests', exec))?.value === 0
    })
    assert.equal((await sample('apiserver_request_total', { ...exec, code: '101' }))?.value, 1)
    const restless = { namespace: `metrics-${kubectl.version.replace('.', '-')}`, pod: 'restless' }
    assert.equal((await sample('kube_pod_container_status_restarts_total', restless))?.value, 1)
    assert.ok(((await sample('prober_probe_total', { ...restless, result: 'successful' }))?.value ?? 0) > 0)
    await kubectl.ok('delete pod restless --grace-period=1')
    assert.equal(await sample('kube_pod_container_status_restarts_total', restless), undefined)
    assert.equal(await sample('prober_probe_total', restless), undefined)
  })

  it('are for those who may', async () => {
    await kubectl.ok('create serviceaccount curious')
    const curious = await kubectl.as((await kubectl.ok('create token curious')).trim())
    try {
      assert.match(await curious.refused('get --raw /metrics'), /cannot get path "\/metrics"/)
      assert.match(await curious.refused('top pods'), /cannot list resource "pods" in API group "metrics\.k8s\.io"/)
      await kubectl.ok(
        'create rolebinding curious --clusterrole=view --serviceaccount',
        `metrics-${kubectl.version.replace('.', '-')}:curious`,
      )
      assert.match(await curious.ok('top pods'), /^burner /m)
    } finally {
      curious[Symbol.dispose]()
    }
  })
})

interface Row {
  readonly milli: number
  readonly mebibytes: number
}

function rowsOf(printed: string): ReadonlyMap<string, Row> {
  const rows = [...printed.matchAll(/^(\S+) +(\d+)m +(\d+)Mi *$/gm)]
  return new Map(
    rows.map(([, name = '', milli, mebibytes]) => [name, { milli: Number(milli), mebibytes: Number(mebibytes) }]),
  )
}

/** @param part of what is expected that it may be off by. */
function isBetween(actual: number | undefined, least: number, most: number): boolean {
  return actual !== undefined && actual >= least && actual <= most
}
