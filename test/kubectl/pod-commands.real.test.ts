import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { after, before, describe, it } from 'node:test'
import { pod, shell, UNTIL_STOPPED } from '../real/sample-pods.ts'
import type { Kubectl, KubectlProgram } from './kubectl.ts'
import { oldestAndNewest, realKubectl, ServedCluster } from './served-cluster.ts'

const DATA = { volumeMounts: [{ name: 'data', mountPath: '/data' }] }
/** Ends once, with 4, and is started again. */
const ENDS_ONCE = pod('again', {
  restartPolicy: 'Always',
  volumes: [{ name: 'data', emptyDir: {} }],
  containers: [
    shell('app', `[ -e /data/been ] || { touch /data/been; echo first; exit 4; }; echo second; ${UNTIL_STOPPED}`, DATA),
  ],
})
const sleeper = (name: string, labels: object = {}): object => ({
  ...pod(name, { containers: [shell('app', UNTIL_STOPPED)] }),
  metadata: { name, labels },
})
const READY = '--for=condition=Ready --timeout=30s'

type Case = readonly [what: string, show: (kubectl: Kubectl) => Promise<void>]

const CASES: readonly Case[] = [
  [
    'watches a pod come and go',
    async (kubectl) => {
      await using rows = kubectl.begin('get pods --watch --field-selector metadata.name=short')
      await using changes = kubectl.begin(
        'get pods --watch-only --output-watch-events --field-selector metadata.name=short',
      )
      await kubectl.ok('run short --image=peapod.local/busybox --restart=Never --command -- sleep 0.3')
      await kubectl.ok('wait pod/short --for=jsonpath={.status.phase}=Succeeded --timeout=30s')
      await rows.until(/^NAME .*\n(.*\n)*short +0\/1 +Completed /)
      // Nothing tells when a watch has begun that shows changes only.
      for (let touch = 0; !changes.hasSaid; touch++) await kubectl.ok(`annotate pod short --overwrite touch=${touch}`)
      await kubectl.ok('delete pod short')
      await changes.until(/^EVENT +NAME .*\n(ADDED +short .*\n)?(MODIFIED +short .*\n)+DELETED +short /)
    },
  ],
  [
    'shows what the run before wrote',
    async (kubectl) => {
      await kubectl.ok('create -f', kubectl.file('again.json', ENDS_ONCE))
      await kubectl.ok('wait pod/again --for=jsonpath={.status.containerStatuses[0].restartCount}=1 --timeout=30s')
      await kubectl.ok(`wait pod/again ${READY}`)
      assert.equal(await kubectl.ok('logs again --previous'), 'first\n')
      assert.equal(await kubectl.ok('logs again'), 'second\n')
      assert.match(await kubectl.ok('get pod again --no-headers'), /^again +1\/1 +Running +1 \(\d+s ago\) +\d+s\n$/)
      assert.match(
        await kubectl.ok('describe pod again'),
        / {4}Last State: +Terminated\n {6}Reason: +Error\n {6}Exit Code: +4\n/,
      )
    },
  ],
  [
    'runs commands as pods, and ends as they do',
    async (kubectl) => {
      const run = 'run --image=peapod.local/busybox --restart=Never'
      assert.match(await kubectl.ok(`${run} talk --rm -i --command -- sh -c`, 'sleep 0.5; echo talked'), /^talked\n/)
      const failing = await kubectl.run([...`${run} fail --rm -i --command -- sh -c`.split(' '), 'sleep 0.5; exit 3'])
      assert.equal(failing.code, 3, failing.stderr)
      const typed = await kubectl.run([...`${run} hear --rm -i --command -- cat`.split(' ')], 'typed\n')
      assert.match(typed.stdout, /^typed\n/)
      assert.match(await kubectl.ok(`${run} dry --dry-run=server -o jsonpath={.spec.dnsPolicy}`), /^ClusterFirst$/)
      assert.equal(await kubectl.ok('get pods dry --ignore-not-found'), '')
    },
  ],
  [
    'follows a log to its end',
    async (kubectl) => {
      const script = 'for i in 1 2 3; do echo $i; sleep 0.2; done'
      await kubectl.ok('create -f', kubectl.file('count.json', pod('count', { containers: [shell('app', script)] })))
      await kubectl.ok('wait pod/count --for=jsonpath={.status.containerStatuses[0].started}=true --timeout=30s')
      assert.equal(await kubectl.ok('logs -f count --pod-running-timeout=30s'), '1\n2\n3\n')
    },
  ],
  [
    'copies files in and out',
    async (kubectl) => {
      await kubectl.ok('create -f', kubectl.file('box.json', sleeper('box', { app: 'box' })))
      await kubectl.ok(`wait pod/box ${READY}`)
      const sent = kubectl.file('sent.bin', 'binary \0 content\n'.repeat(50_000))
      await kubectl.ok(`cp ${sent} box:/tmp/sent.bin`)
      assert.match(await kubectl.ok('exec box -- wc -c /tmp/sent.bin'), /^850000 /)
      const back = kubectl.file('back.bin', '')
      await kubectl.ok(`cp box:/tmp/sent.bin ${back}`)
      assert.ok(readFileSync(back).equals(readFileSync(sent)), 'what came back is what was sent')
    },
  ],
  [
    'exposes a pod, and changes what may be changed of it',
    async (kubectl) => {
      assert.equal(await kubectl.ok('expose pod box --port=80 --name=box'), 'service/box exposed\n')
      assert.equal(await kubectl.ok('get service box -o jsonpath={.spec.selector.app}'), 'box')
      assert.equal(await kubectl.ok('set image pod/box app=peapod.local/busybox:latest'), 'pod/box image updated\n')
      await kubectl.ok('wait pod/box --for=jsonpath={.status.containerStatuses[0].restartCount}=1 --timeout=30s')
      await kubectl.ok(`wait pod/box ${READY}`)
      assert.equal(
        await kubectl.ok('get pod box -o jsonpath={.spec.containers[0].image}'),
        'peapod.local/busybox:latest',
      )
    },
  ],
  [
    'looks into a pod with a container of its own, and gives another one more',
    async (kubectl) => {
      const debug = 'debug box --image=peapod.local/busybox --target=app --container=looker -- sh -c'
      await kubectl.ok(debug, 'cat /proc/1/cmdline')
      await kubectl.ok(
        'wait pod/box --for=jsonpath={.status.ephemeralContainerStatuses[0].state.terminated.exitCode}=0 --timeout=30s',
      )
      assert.match(await kubectl.ok('logs box -c looker'), /trap/)
      // Older ones know no such subresource.
      if (kubectl.minor < 32) return
      const more =
        '{"spec":{"containers":[{"name":"app","resources":{"limits":{"memory":"64Mi"},"requests":{"memory":"32Mi"}}}]}}'
      assert.match(await kubectl.refused('patch pod box --subresource=resize -p', more), /is invalid: .*QOS/i)
    },
  ],
  [
    'replaces a pod by force',
    async (kubectl) => {
      await kubectl.ok('create -f', kubectl.file('swap.json', sleeper('swap', { run: 'one' })))
      const uid = await kubectl.ok('get pod swap -o jsonpath={.metadata.uid}')
      const printed = await kubectl.ok('replace --force -f', kubectl.file('swap.json', sleeper('swap', { run: 'two' })))
      assert.match(printed, /^pod "swap" deleted.*\npod\/swap replaced\n$/)
      assert.notEqual(await kubectl.ok('get pod swap -o jsonpath={.metadata.uid}'), uid)
      assert.equal(await kubectl.ok('get pod swap -o jsonpath={.metadata.labels.run}'), 'two')
    },
  ],
  [
    'deletes by file, label, all, at once, and waits for it',
    async (kubectl) => {
      const names = ['a', 'b', 'c', 'd', 'e', 'f', 'g']
      const file = kubectl.file('many.json', ...names.map((name) => sleeper(name, { one: name })))
      await kubectl.ok(`create -f ${file}`)
      await kubectl.ok(`wait pod -l one ${READY}`)
      assert.match(await kubectl.ok('delete pod a --now'), /^pod "a" deleted/)
      assert.match(await kubectl.ok('delete pod -l one=b --grace-period=1 --cascade=foreground'), /^pod "b" deleted/)
      assert.match(await kubectl.ok('delete pod/c --cascade=orphan'), /^pod "c" deleted/)
      assert.match(await kubectl.ok('delete pod d --grace-period=0 --force'), /^pod "d" force deleted/)
      assert.match(await kubectl.ok('delete pod e --wait=false'), /^pod "e" deleted/)
      assert.equal(await kubectl.ok('wait pod/e --for=delete --timeout=30s').then(() => 'gone'), 'gone')
      assert.equal(
        await kubectl.ok('delete -o name --ignore-not-found -f', kubectl.file('f.json', sleeper('f'))),
        'pod/f\n',
      )
      assert.equal(await kubectl.ok('get pods -l one -o name'), 'pod/g\n')
      assert.match(await kubectl.ok('delete pods --all'), /pod "g" deleted/)
      assert.equal(await kubectl.ok('get pods -o name'), '')
    },
  ],
  [
    'applies a kustomization',
    async (kubectl) => {
      kubectl.file('configured.json', sleeper('configured'))
      kubectl.file(
        'kustomization.yaml',
        'namePrefix: our-\nresources: [configured.json]\nconfigMapGenerator: [{name: made, literals: [a=b]}]\n',
      )
      assert.match(await kubectl.ok('apply -k .'), /^configmap\/our-made-\w+ created\npod\/our-configured created\n$/)
      assert.equal((await kubectl.run(['diff', '-k', '.'])).stdout, '')
      assert.match(await kubectl.ok('delete -k . --now'), /pod "our-configured" deleted/)
    },
  ],
]

describe('kubectl makes pods do things', { ...realKubectl, concurrency: 2 }, () => {
  let cluster: ServedCluster
  before(async () => {
    cluster = await ServedCluster.open()
  })
  after(() => cluster.close())

  for (const program of oldestAndNewest()) describeCommands(program, () => cluster)
})

function describeCommands(program: KubectlProgram, cluster: () => ServedCluster): void {
  describe(`kubectl ${program.version}`, { concurrency: 1 }, () => {
    let kubectl: Kubectl
    before(async () => {
      kubectl = await cluster().kubectlIn(`commands-${program.version.replace('.', '-')}`, program)
    })
    for (const [what, show] of CASES) it(what, () => show(kubectl))
  })
}
