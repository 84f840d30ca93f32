import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { shell, sidecar, UNTIL_STOPPED } from '../real/sample-pods.ts'
import type { Expected } from './kubectl.ts'
import { oldestAndNewest, realKubectl, ServedCluster } from './served-cluster.ts'

const CHECK = { exec: { command: ['true'] }, periodSeconds: 1 }
const WEB = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'web', labels: { app: 'web' }, annotations: { note: 'kept' } },
  spec: {
    terminationGracePeriodSeconds: 1,
    initContainers: [shell('first', 'echo first'), sidecar('side', `echo side; ${UNTIL_STOPPED}`)],
    containers: [
      shell('app', `echo one; echo two; ${UNTIL_STOPPED}`, {
        ports: [{ name: 'http', containerPort: 80 }],
        env: [{ name: 'COLOUR', value: 'blue' }],
        resources: { requests: { cpu: '10m', memory: '10Mi' }, limits: { memory: '50Mi' } },
        readinessProbe: CHECK,
        livenessProbe: { ...CHECK, periodSeconds: 5 },
        volumeMounts: [{ name: 'data', mountPath: '/data' }],
      }),
      shell('other', `echo other; ${UNTIL_STOPPED}`),
    ],
    volumes: [{ name: 'data', emptyDir: {} }],
  },
}
/** Ways to look at the pod, and what they print. */
const LOOKS: readonly Expected[] = [
  { args: 'get pods', prints: /^NAME +READY +STATUS +RESTARTS +AGE\n/ },
  { args: 'get pod web --no-headers', prints: /^web +3\/3 +Running +0 +\d+s\n$/ },
  {
    args: 'get pods -l app=web,app!=db -o wide',
    prints: /^NAME .* IP +NODE +NOMINATED NODE +READINESS GATES\nweb .* [\d.]+ +\S+ +<none> +<none>\n$/,
  },
  { args: 'get pods --show-labels --field-selector metadata.name=web', prints: /LABELS\nweb .* app=web\n$/ },
  { args: 'get pods -L app --field-selector status.phase=Running', prints: / APP\n(.*\n)*web .* web\n/ },
  { args: 'get pods --field-selector metadata.name!=web -l app', prints: /^$/ },
  { args: 'get pod web -o name', prints: /^pod\/web\n$/ },
  { args: 'get pod/web -o jsonpath={.status.phase},{.spec.containers[*].name}', prints: /^Running,app other$/ },
  {
    args: 'get pods -l app -o custom-columns=N:.metadata.name,P:.spec.containers[0].ports[0].name',
    prints: /^N +P\nweb +http\n$/,
  },
  { args: 'get pods -l app -o go-template={{range.items}}{{.metadata.name}};{{end}}', prints: /^web;$/ },
  { args: 'get pod web -o yaml', prints: /^apiVersion: v1\nkind: Pod\nmetadata:\n {2}annotations:\n {4}note: kept\n/ },
  { args: 'get pod web -o json --show-managed-fields', prints: /"manager": "kubectl-create"/ },
  { args: 'get pod web --subresource=status -o jsonpath={.kind}', prints: /^Pod$/ },
  {
    args: 'get pods -A --sort-by=.metadata.creationTimestamp --chunk-size=1',
    prints: /^NAMESPACE +NAME (.*\n)*looks-\S+ +web /,
  },
  {
    args: 'get pods,configmaps',
    prints: /^NAME (.*\n)*pod\/web (.*\n)*\nNAME +DATA (.*\n)*configmap\/kube-root-ca\.crt /,
  },
  { args: 'get all', prints: /^NAME (.*\n)*pod\/web / },
  { args: 'get pods nope --ignore-not-found', prints: /^$/ },
  { args: 'get --raw /version', prints: /"gitVersion":"v1\.\d+\.\d+\+peapod/ },
  { args: 'logs web', prints: /^one\ntwo\n$/ },
  { args: 'logs web -c first', prints: /^first\n$/ },
  { args: 'logs web --all-containers', prints: /^(first\n|side\n|one\ntwo\n|other\n){4}$/ },
  {
    args: 'logs web --all-containers --prefix',
    prints: /^\[pod\/web\/app\] one\n\[pod\/web\/app\] two\n/m,
  },
  { args: 'logs web --timestamps --tail=1', prints: /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z two\n$/ },
  { args: 'logs web --since=1h --limit-bytes=2', prints: /^on$/ },
  { args: 'logs -l app=web -c other', prints: /^other\n$/ },
  {
    args: 'events --for pod/web',
    prints: /^LAST SEEN +TYPE +REASON +OBJECT +MESSAGE\n(.*\n)*\S+ +Normal +Scheduled +Pod\/web /,
  },
  { args: 'events --types=Warning --for pod/web', prints: /^$/ },
  {
    args: 'get events --field-selector involvedObject.name=web,reason=Started',
    prints: /(pod\/web +Started container \w+\n?){1}/,
  },
  {
    args: 'describe pod web',
    prints: /^Name: +web\n(.*\n)*Init Containers:\n {2}first:\n(.*\n)*Events:\n(.*\n)* {2}Normal +Scheduled /,
  },
  {
    args: 'describe pod web',
    prints: / {4}Liveness: +exec \[true\] delay=0s timeout=1s period=5s #success=1 #failure=3\n/,
  },
  { args: 'describe pods -l app=web --show-events=false', prints: /QoS Class: +Burstable\n(?![^]*Events)/ },
  {
    args: 'describe node',
    prints:
      /Non-terminated Pods: +\(\d+ in total\)\n(.*\n)* {2}looks-\S+ +web +10m \(\d+%\) +0 \(0%\) +10Mi \(0%\) +50Mi \(0%\) /,
  },
  { args: 'wait pod/web --for=condition=Ready --timeout=30s', prints: /^pod\/web condition met\n$/ },
  { args: 'wait pod/web --for=jsonpath={.status.phase}=Running --timeout=30s', prints: /^pod\/web condition met\n$/ },
  { args: 'exec web -c app -- cat /etc/hostname', prints: /^web\n$/ },
  { args: '__complete get pods w', prints: /^web\n:4\n/ },
  { args: '__complete logs we', prints: /^web\n/ },
]

/** What is refused, and the words. */
const REFUSED: readonly Expected[] = [
  { args: 'get pods nope', complains: /^Error from server \(NotFound\): pods "nope" not found$/ },
  { args: 'get pods --field-selector spec.color=x', complains: /field label not supported: spec\.color/ },
  { args: 'logs nope', complains: /\(NotFound\): pods "nope" not found/ },
  { args: 'logs web -c nope', complains: /container nope is not valid for pod web/ },
  {
    args: 'logs web --previous -c app',
    complains: /\(BadRequest\): previous terminated container "app" in pod "web" not found$/,
  },
  { args: 'delete pod nope', complains: /^Error from server \(NotFound\): pods "nope" not found$/ },
  {
    args: 'wait pod/web --for=jsonpath={.status.phase}=Failed --timeout=100ms',
    complains: /timed out waiting for the condition on pods\/web$/,
  },
  {
    args: 'set env pod/web A=b',
    complains: /Pod "web" is invalid: spec: Forbidden: pod updates may not change fields other than/,
  },
]

describe('kubectl and pods that run', { ...realKubectl, concurrency: 2 }, () => {
  let cluster: ServedCluster
  before(async () => {
    cluster = await ServedCluster.open()
  })
  after(() => cluster.close())

  for (const program of oldestAndNewest()) {
    it(`kubectl ${program.version} creates one, waits for it, looks at it in every way`, async () => {
      const kubectl = await cluster.kubectlIn(`looks-${program.version.replace('.', '-')}`, program)
      assert.equal(await kubectl.ok('create -f', kubectl.file('web.json', WEB)), 'pod/web created\n')
      assert.equal(await kubectl.ok('wait --for=condition=Ready pod/web --timeout=30s'), 'pod/web condition met\n')
      assert.deepEqual(await kubectl.differences([...LOOKS, ...REFUSED]), [])
    })
  }
})
