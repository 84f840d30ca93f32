import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import type { Event } from '../../store/resources.ts'
import { EVENTS, PODS } from '../../store/resources.ts'
import { allKinds } from '../kinds/kinds.ts'
import { PODS_PATH, TestServer } from '../test-server.ts'
import { eventColumns } from './event-columns.ts'

const TABLE = 'application/json;as=Table;v=v1;g=meta.k8s.io'
const KUBECTL = `${TABLE},application/json;as=Table;v=v1beta1;g=meta.k8s.io,application/json`

interface Table {
  readonly kind: string
  readonly apiVersion: string
  readonly metadata: Readonly<Record<string, unknown>>
  readonly columnDefinitions: readonly { readonly name: string; readonly priority: number }[] | null
  readonly rows: readonly {
    readonly cells: readonly unknown[]
    readonly object: { readonly kind: string; readonly apiVersion: string; readonly metadata: { name: string } } | null
  }[]
}

async function tableOf(server: TestServer, path: string, accept = KUBECTL): Promise<Table> {
  const { code, text, json } = await server.get(path, { accept })
  assert.equal(code, 200, text)
  return json as unknown as Table
}

describe('columns', () => {
  /** Where newer versions than the recorded one differ. */
  const newer: Readonly<Record<string, Readonly<Record<string, object>>>> = {
    '/api/v1/pods': { Restarts: { type: 'string' } },
  }
  const recorded = JSON.parse(
    readFileSync(new URL('testdata/table-columns.json', import.meta.url), 'utf8'),
  ) as Readonly<Record<string, readonly { readonly name: string }[]>>

  it('are those of Kubernetes, kind by kind', async () => {
    await using server = await TestServer.open()
    for (const { resource } of await allKinds()) {
      const { group, version, plural } = resource
      const path = `/${group === '' ? 'api' : `apis/${group}`}/${version}/${plural}`
      const columns = recorded[path]
      if (columns === undefined) continue
      const { columnDefinitions } = await tableOf(server, path)
      const withoutWords = columnDefinitions?.map(({ name, ...rest }) => ({ name, ...rest, description: undefined }))
      const expected = columns.map((column) => ({
        ...column,
        ...newer[path]?.[column.name],
        description: undefined,
      }))
      assert.deepEqual(withoutWords, expected, path)
    }
  })
})

describe('the table of an Accept header', () => {
  it('has a row per pod, with the metadata of the pod beside it', async () => {
    await using server = await TestServer.open()
    const pod = await server.createPod('web')
    server.nowMs += 90_000
    const list = await tableOf(server, PODS_PATH)
    const { resourceVersion } = server.store
    assert.deepEqual([list.kind, list.apiVersion, list.metadata], ['Table', 'meta.k8s.io/v1', { resourceVersion }])
    const cells = ['web', '0/1', 'Pending', '0', '90s', '<none>', 'test-node', '<none>', '<none>']
    const object = { kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata: pod.metadata }
    assert.deepEqual(list.rows, [{ cells, object }])
    const one = await tableOf(server, `${PODS_PATH}/web`)
    assert.deepEqual(one, { ...list, metadata: { resourceVersion: pod.metadata.resourceVersion } })
  })

  it('includes of the objects what is asked for', async () => {
    await using server = await TestServer.open()
    const pod = await server.createPod('web')
    const beside = async (include: string): Promise<unknown> =>
      (await tableOf(server, `${PODS_PATH}?includeObject=${include}`)).rows[0]?.object
    assert.equal(await beside('None'), null)
    assert.deepEqual(await beside('Object'), pod)
    assert.equal((await tableOf(server, PODS_PATH)).rows[0]?.object?.kind, 'PartialObjectMetadata')
    const refused = await server.get(`${PODS_PATH}?includeObject=All`, { accept: TABLE })
    assert.deepEqual(
      [refused.code, refused.json.message],
      [400, `includeObject: Invalid value: "All": must be 'Metadata', 'Object', 'None', or empty`],
    )
  })

  it('pages as the list does', async () => {
    await using server = await TestServer.open()
    for (const name of ['a', 'b', 'c']) await server.createPod(name)
    const first = await tableOf(server, `${PODS_PATH}?limit=2`)
    assert.deepEqual([first.rows.length, first.metadata['remainingItemCount']], [2, 1])
    const rest = await tableOf(server, `${PODS_PATH}?limit=2&continue=${String(first.metadata['continue'])}`)
    assert.deepEqual(
      rest.rows.map(({ cells }) => cells[0]),
      ['c'],
    )
  })

  it('comes as it is accepted first', async () => {
    await using server = await TestServer.open()
    await server.createPod('web')
    const partialList = 'application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io'
    const partial = 'application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io'
    const cases: [path: string, accept: string, code: number, kind: string, apiVersion: string][] = [
      [PODS_PATH, KUBECTL, 200, 'Table', 'meta.k8s.io/v1'],
      [PODS_PATH, 'application/json;as=Table;v=v1beta1;g=meta.k8s.io', 200, 'Table', 'meta.k8s.io/v1beta1'],
      [PODS_PATH, `application/json;as=Table;v=v9;g=meta.k8s.io,application/json`, 200, 'PodList', 'v1'],
      [PODS_PATH, `application/json;as=Chart;v=v1;g=meta.k8s.io, */*`, 200, 'PodList', 'v1'],
      [PODS_PATH, `application/json;q=0.5,${TABLE};q=0.9`, 200, 'Table', 'meta.k8s.io/v1'],
      [PODS_PATH, `${TABLE};q=0,application/json`, 200, 'PodList', 'v1'],
      [
        PODS_PATH,
        `application/vnd.kubernetes.protobuf;${partialList.slice(17)},${partialList}`,
        200,
        'PartialObjectMetadataList',
        'meta.k8s.io/v1',
      ],
      [PODS_PATH, partial, 406, 'Status', 'v1'],
      [`${PODS_PATH}/web`, partial, 200, 'PartialObjectMetadata', 'meta.k8s.io/v1'],
      [`${PODS_PATH}/web`, partialList, 406, 'Status', 'v1'],
      [`${PODS_PATH}/nope`, KUBECTL, 404, 'Status', 'v1'],
    ]
    for (const [path, accept, code, kind, apiVersion] of cases) {
      const reply = await server.get(path, { accept })
      assert.deepEqual([reply.code, reply.json.kind, reply.json.apiVersion], [code, kind, apiVersion], accept)
    }
    const { json } = await server.get(PODS_PATH, { accept: partialList })
    const [item] = json.items ?? []
    assert.deepEqual(Object.keys(item ?? {}), ['kind', 'apiVersion', 'metadata'])
  })

  it('of a watch comes row by row, the columns once', async () => {
    await using server = await TestServer.open({ bookmarkEveryMs: 10 })
    await server.createPod('a')
    const path = `${PODS_PATH}?watch=true&allowWatchBookmarks=true`
    const answer = await server.begin('GET', path, { headers: { accept: KUBECTL } })
    answer.setEncoding('utf8')
    const events: { readonly type: string; readonly object: Table }[] = []
    let held = ''
    await server.createPod('b')
    for await (const chunk of answer as AsyncIterable<string>) {
      const lines = (held + chunk).split('\n')
      held = lines.pop() ?? ''
      events.push(...lines.map((line) => JSON.parse(line) as (typeof events)[number]))
      if (events.length === 2) await server.store.create(EVENTS, event({}))
      if (events.length > 2) break
    }
    const [first, second, third] = events
    assert.deepEqual([first?.type, second?.type, third?.type], ['ADDED', 'ADDED', 'BOOKMARK'])
    assert.ok((first?.object.columnDefinitions?.length ?? 0) > 5)
    assert.deepEqual([second?.object.columnDefinitions, second?.object.rows[0]?.cells[0]], [null, 'b'])
    assert.deepEqual(third?.object, {
      kind: 'Table',
      apiVersion: 'meta.k8s.io/v1',
      metadata: { resourceVersion: server.store.resourceVersion },
      columnDefinitions: null,
      rows: [],
    })
  })
})

describe('the row of a pod', () => {
  it('counts the readiness gates that are open', async () => {
    await using server = await TestServer.open()
    const pod = await server.createPod('web')
    const readinessGates = [{ conditionType: 'a' }, { conditionType: 'b' }]
    const conditions = [{ type: 'b', status: 'True' }]
    await server.store.update(PODS, {
      ...pod,
      spec: { ...pod.spec, readinessGates },
      status: { phase: 'Running', podIPs: [{ ip: '10.0.0.7' }], conditions },
    })
    const [row] = (await tableOf(server, PODS_PATH)).rows
    assert.deepEqual(row?.cells.slice(5), ['10.0.0.7', 'test-node', '<none>', '1/2'])
  })
})

describe('the row of an event', () => {
  const NOW_MS = Date.parse('2026-01-02T03:04:05Z')
  const cells = (change: Partial<Event>): unknown[] => eventColumns.map((column) => column.cell(event(change), NOW_MS))
  const cases: [rule: string, change: Partial<Event>, cells: unknown[]][] = [
    [
      'of the old way',
      {
        firstTimestamp: '2026-01-02T03:03:05Z',
        lastTimestamp: '2026-01-02T03:04:00Z',
        count: 3,
        source: { component: 'kubelet', host: 'node' },
      },
      ['5s', 'Normal', 'Pulled', 'pod/web', 'spec.containers{a}', 'kubelet, node', 'done', '60s', 3, 'web.1'],
    ],
    [
      'of the new way, once',
      { eventTime: '2026-01-02T03:03:05.123456Z', reportingComponent: 'peapod', reportingInstance: 'x' },
      ['59s', 'Normal', 'Pulled', 'pod/web', 'spec.containers{a}', 'peapod, x', 'done', '59s', 1, 'web.1'],
    ],
    [
      'of the new way, a series',
      {
        eventTime: '2026-01-02T03:03:05.000000Z',
        series: { count: 7, lastObservedTime: '2026-01-02T03:04:03.000000Z' },
        reportingComponent: 'peapod',
      },
      ['2s', 'Normal', 'Pulled', 'pod/web', 'spec.containers{a}', 'peapod', 'done', '60s', 7, 'web.1'],
    ],
    [
      'that says nothing of itself',
      { involvedObject: { kind: 'Node' } },
      ['<unknown>', 'Normal', 'Pulled', 'node', '', '', 'done', '<unknown>', 1, 'web.1'],
    ],
  ]
  for (const [rule, change, expected] of cases) {
    it(rule, () => assert.deepEqual(cells(change), expected))
  }
})

function event(change: Partial<Event>): Event {
  return {
    apiVersion: 'v1',
    kind: 'Event',
    metadata: { name: 'web.1', namespace: 'default' },
    type: 'Normal',
    reason: 'Pulled',
    message: 'done\n',
    involvedObject: { kind: 'Pod', name: 'web', fieldPath: 'spec.containers{a}' },
    ...change,
  }
}
