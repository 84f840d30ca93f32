import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { FakeApiServer, type FakeObject } from '../../client/fake-api-server.ts'
import type { ApiObject } from '../../client/resource-type.ts'
import { callCli, FakeCall } from '../fake-environment.ts'
import { findAll, parseJsonPath } from './json-path.ts'
import { parseWaitCondition } from './wait-condition.ts'

const READY = { type: 'Ready', status: 'True' }
const pod = (name: string, status: object = {}): FakeObject => ({
  metadata: { name, namespace: 'default', uid: `uid-${name}` },
  status: { phase: 'Running', ...status },
})

describe('a JSONPath', () => {
  const VALUE = {
    a: { 'b.c': 1 },
    list: [
      { type: 'x', is: { ok: true } },
      { type: 'y', is: { ok: false } },
    ],
    no: null,
  }
  const CASES: [path: string, found: unknown[]][] = [
    ['{.a}', [{ 'b.c': 1 }]],
    ['.a.b\\.c', [1]],
    ["{.a['b.c']}", [1]],
    ['{$.list[0].type}', ['x']],
    ['{.list[-1].type}', ['y']],
    ['{.list[*].type}', ['x', 'y']],
    ['{.list[?(@.type=="y")].is.ok}', [false]],
    ['{.list[?(@.is.ok==true)].type}', ['x']],
    ['{.nope.deeper}', []],
    ['{.list[7]}', []],
    ['{.no}', [null]],
    ['{.no.deeper}', []],
    ['{.list.type}', []],
  ]
  for (const [path, found] of CASES) {
    it(`${path} finds ${JSON.stringify(found)}`, () => assert.deepEqual(findAll(parseJsonPath(path), VALUE), found))
  }
  for (const path of ['', '{}', '{.a', '{.a[}', '{.a[?(@.b>1)]}', '{.a b}']) {
    it(`${JSON.stringify(path)} is none`, () => assert.throws(() => parseJsonPath(path), /is no path such as/))
  }
})

describe('what is waited for', () => {
  const CASES: [condition: string, object: object, holds: boolean][] = [
    ['condition=Ready', pod('a', { conditions: [READY] }), true],
    ['condition=ready=true', pod('a', { conditions: [READY] }), true],
    ['condition=Ready=False', pod('a', { conditions: [READY] }), false],
    ['condition=Ready', pod('a'), false],
    [
      'condition=Ready',
      { metadata: { name: 'a', generation: 2 }, status: { conditions: [{ ...READY, observedGeneration: 1 }] } },
      false,
    ],
    [
      'condition=Ready',
      { metadata: { name: 'a', generation: 2 }, status: { observedGeneration: 1, conditions: [READY] } },
      false,
    ],
    ['jsonpath={.status.phase}=Running', pod('a'), true],
    ['jsonpath=.status.phase="Running"', pod('a'), true],
    ['jsonpath={.status.phase}=Failed', pod('a'), false],
    ['jsonpath={.status.podIP}', pod('a'), false],
    ['jsonpath={.status.podIP}', pod('a', { podIP: '10.0.0.1' }), true],
    ['jsonpath={.status.conditions[?(@.type=="Ready")].status}=True', pod('a', { conditions: [READY] }), true],
    ['jsonpath={.status}=Running', pod('a'), false],
  ]
  for (const [text, object, expected] of CASES) {
    it(`${text} ${expected ? 'holds' : 'does not hold'} for ${JSON.stringify(object)}`, () => {
      const condition = parseWaitCondition(text)
      assert.equal(condition.is === 'holds' && condition.holds(object as ApiObject), expected)
    })
  }
  for (const text of ['', 'ready', 'condition=', 'delete=now', 'jsonpath={.a}=', 'jsonpath={.a}x']) {
    it(`${JSON.stringify(text)} is refused`, () => assert.throws(() => parseWaitCondition(text), /--for/))
  }
  it('a path to several values is refused', () => {
    const condition = parseWaitCondition('jsonpath={.status.conditions[*].type}=Ready')
    const several = pod('a', { conditions: [READY, READY] }) as unknown as ApiObject
    assert.throws(() => condition.is === 'holds' && condition.holds(several), /leads to 2 values/)
  })
})

describe('peapod wait', { timeout: 10_000 }, () => {
  it('says which objects meet it, and ends when all do', async () => {
    await using server = await FakeApiServer.open()
    server.put('pods', pod('a', { conditions: [READY] }))
    server.put('pods', pod('b'))
    const call = new FakeCall(['wait', 'pod/a', 'po/b', '--for=condition=Ready'], { endpoint: server.endpoint })
    await call.stdout.shows('pod/a condition met\n')
    server.put('pods', pod('b', { conditions: [READY] }))
    assert.equal(await call.exitCode, 0)
    assert.equal(call.stdout.text, 'pod/a condition met\npod/b condition met\n')
  })

  it('waits until something is there, and until it is gone', async () => {
    await using server = await FakeApiServer.open()
    const { endpoint } = server
    const created = new FakeCall(['wait', 'pod', 'new', '--for=create'], { endpoint })
    while (!server.requests.some((request) => request.includes('watch=true'))) await new Promise(setImmediate)
    server.put('pods', pod('new'))
    assert.equal(await created.exitCode, 0)
    const gone = new FakeCall(['wait', 'pods', '--all', '--for=delete'], { endpoint })
    while (server.requests.filter((request) => request.includes('watch=true')).length < 2) {
      await new Promise(setImmediate)
    }
    server.remove('pods', 'new')
    assert.equal(await gone.exitCode, 0)
    assert.equal(gone.stdout.text, 'pod/new condition met\n')
    assert.deepEqual(await callCli(['wait', 'pod/new', '--for=delete'], { endpoint }), {
      exitCode: 0,
      stdout: '',
      stderr: '',
    })
  })

  const REFUSED: [argv: string, stderr: string][] = [
    ['pod/a --for=condition=Ready --timeout=0', 'timed out waiting for the condition on pods/a'],
    ['pod/nope --for=condition=Ready', 'get pod "nope": the API server answered: pods "nope" not found'],
    ['cm --all --for=condition=Ready', 'no matching resources found'],
    ['pod --for=delete', 'wait needs names, -l or --all; see "peapod wait --help"'],
    ['pod/a b --for=delete', 'either TYPE NAME... or TYPE/NAME...: the two do not go together'],
    ['pod/a', 'wait needs --for; see "peapod wait --help"'],
  ]
  for (const [argv, stderr] of REFUSED) {
    it(`${argv}: ${stderr}`, async () => {
      await using server = await FakeApiServer.open()
      server.put('pods', pod('a'))
      const answer = await callCli(['wait', ...argv.split(' ')], { endpoint: server.endpoint })
      assert.deepEqual(answer, { exitCode: 1, stdout: '', stderr: `peapod: ${stderr}\n` })
    })
  }
})
