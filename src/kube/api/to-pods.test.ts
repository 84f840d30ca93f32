import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { formatProblem } from './format-problem.ts'
import { parseManifests } from './parse-manifests.ts'
import { parsePodManifests, toPods } from './to-pods.ts'

const MANIFESTS = join(import.meta.dirname, 'testdata', 'manifests')

function read(name: string): string {
  return readFileSync(join(MANIFESTS, name), 'utf8')
}

function problemsOf(text: string): string[] {
  const parsed = parsePodManifests(text, 'pod.yaml')
  return parsed.ok ? [] : parsed.problems.map(formatProblem)
}

describe('manifests as people publish them', () => {
  const cases: [file: string, init: string[], app: string[]][] = [
    ['web-server-and-log-agent.yaml', [], ['web-server', 'log-agent']],
    ['simple-webapp.yaml', [], ['simple-webapp', 'log-agent']],
    ['main-and-sidecar.yaml', [], ['main-container', 'sidecar-container']],
    ['init-containers.yaml', ['init-container-1', 'init-container-2'], ['main-container']],
  ]
  for (const [file, init, app] of cases) {
    it(file, () => {
      const parsed = parsePodManifests(read(file), file)
      assert.ok(parsed.ok, JSON.stringify(parsed))
      const [pod] = parsed.value
      assert.deepEqual(pod?.spec.initContainers?.map(({ name }) => name) ?? [], init)
      assert.deepEqual(
        pod?.spec.containers.map(({ name }) => name),
        app,
      )
    })
  }

  it('a template says what is to be filled in', () => {
    const filledIn = (name: string): string =>
      `must be text; got the list ["${name}"]; if [${name}] is a placeholder, put the text in its place`
    assert.deepEqual(problemsOf(read('template.yaml')), [
      `pod.yaml:5:3: metadata.name: ${filledIn('pod-name')}`,
      `pod.yaml:7:5: metadata.labels: a name ${filledIn('label-key')}`,
      `pod.yaml:10:7: spec.containers[0].name: ${filledIn('container-name-1')}`,
      `pod.yaml:11:7: spec.containers[0].image: ${filledIn('container-image-1')}`,
      `pod.yaml:12:7: spec.containers[1].name: ${filledIn('container-name-2')}`,
      `pod.yaml:13:7: spec.containers[1].image: ${filledIn('container-image-2')}`,
    ])
    assert.equal(problemsOf(read('template-with-init.yaml')).length, 8)
  })
})

describe('all problems of a text at once, in its order, each where it stands', () => {
  it('structure, rules and what is not carried out', () => {
    const text = `apiVersion: v1
kind: Pod
metadata:
  name: Web
  labels: {app: yes, "a b": c}
spec:
  restartPolcy: Never
  hostAliases:
    - ip: 127.0.0.1
      hostnames: [ok, "not ok"]
  containers:
    - name: web
      image: nginx
      env:
        - name: PORT
          value: 8080
      volumeDevices:
        - {name: data, devicePath: /dev/data}
      volumeMounts:
        - {name: data, mountPath: /data, subPath: ../up}
    - name: web
      imag: nginx
      resources:
        limits: {memory: 12Zb}
        requests: {cpu: 2}
---
apiVersion: apps/v1
kind: Deployment
`
    const label =
      "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"
    const subdomain =
      "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
    assert.deepEqual(problemsOf(text), [
      `pod.yaml:4:9: metadata.name: Invalid value: "Web": ${subdomain}`,
      'pod.yaml:5:17: metadata.labels[app]: must be text, but YAML reads yes as the boolean true: write "yes" in quotes',
      `pod.yaml:5:29: metadata.labels: Invalid value: "a b": ${label}`,
      'pod.yaml:7:3: spec.restartPolcy: unknown field; did you mean "restartPolicy"?',
      `pod.yaml:10:23: spec.hostAliases.hostnames: Invalid value: "not ok": ${subdomain}`,
      'pod.yaml:16:18: spec.containers[0].env[0].value: must be text, so it has to be quoted: write "8080"',
      'pod.yaml:17:7: spec.containers[0].volumeDevices: volumeDevices is not carried out by peapod yet; remove it',
      'pod.yaml:18:18: spec.containers[0].volumeDevices[0].name: Not found: "data"',
      'pod.yaml:20:18: spec.containers[0].volumeMounts[0].name: Not found: "data"',
      'pod.yaml:20:51: spec.containers[0].volumeMounts.subPath: Invalid value: "../up": must not contain \'..\'',
      'pod.yaml:21:13: spec.containers[1].name: Duplicate value: "web"',
      'pod.yaml:22:7: spec.containers[1].imag: unknown field; did you mean "image"?',
      'pod.yaml:24:26: spec.containers[1].resources.limits[memory]: quantities must match the regular expression \'^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$\'; got "12Zb"',
      'pod.yaml:28:1: kind: kind Deployment is not carried out yet; peapod runs Pods',
    ])
  })

  it('what is missing is missed where it should be', () => {
    assert.deepEqual(
      problemsOf('apiVersion: v1\nkind: Pod\nmetadata:\n  labels: {}\nspec:\n  containers:\n    - name: a\n'),
      [
        'pod.yaml:3:1: metadata.name: Required value: name or generateName is required',
        'pod.yaml:7:7: spec.containers[0].image: Required value',
      ],
    )
  })

  it('a Pod of a list', () => {
    const text =
      '{"apiVersion": "v1", "kind": "List", "items": [\n{"apiVersion": "v1", "kind": "Pod",\n "metadata": {"name": "a"}, "spec": {"containers": []}}]}'
    assert.deepEqual(problemsOf(text), ['pod.yaml:3:38: spec.containers: Required value'])
  })

  it('the same Pod twice', () => {
    const pod = 'apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {containers: [{name: a, image: b}]}\n'
    assert.deepEqual(problemsOf(`${pod}---\n${pod}`), ['pod.yaml:8:18: metadata.name: Duplicate value: "a"'])
    assert.deepEqual(problemsOf(`${pod}---\n${pod.replace('{name: a}', '{name: a, namespace: other}')}`), [])
  })
})

describe('toPods', () => {
  it('takes a valid Pod that asks for more than is carried out: a store may keep it', () => {
    const text =
      '{apiVersion: v1, kind: Pod, metadata: {name: a}, spec: {containers: [{name: a, image: b}], volumes: [{name: v, rbd: {image: i, monitors: [m]}}]}}'
    const documents = parseManifests(text, 'a')
    assert.ok(documents.ok)
    const pods = toPods(documents.value)
    assert.deepEqual(pods.ok && pods.value.map(({ metadata }) => metadata), [{ name: 'a', namespace: 'default' }])
    assert.deepEqual(problemsOf(text), [
      'pod.yaml:1:112: spec.volumes[0].rbd: rbd is not carried out by peapod yet; remove it',
    ])
  })
})
