import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { openMemoryStore } from '../../store/memory-store.ts'
import { PODS } from '../../store/resources.ts'
import { PODS_PATH, type Reply, TestServer } from '../test-server.ts'

const names = (reply: Reply): unknown[] | undefined => reply.json.items?.map((item) => item.metadata.name)

describe('list', () => {
  it('refuses parameters that do not go together, in the words of Kubernetes', async () => {
    await using server = await TestServer.open()
    const invalid = (what: string): string => `ListOptions.meta.k8s.io "" is invalid: ${what}`
    const cases: [query: string, code: number, message: string][] = [
      [
        'resourceVersionMatch=Exact',
        422,
        invalid(
          'resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden unless resourceVersion is provided',
        ),
      ],
      [
        'resourceVersionMatch=Sometimes&resourceVersion=1',
        422,
        invalid('resourceVersionMatch: Unsupported value: "Sometimes": supported values: "Exact", "NotOlderThan", ""'),
      ],
      [
        'resourceVersionMatch=Exact&resourceVersion=0',
        422,
        invalid('resourceVersionMatch: Forbidden: resourceVersionMatch "exact" is forbidden for resourceVersion "0"'),
      ],
      [
        'resourceVersionMatch=NotOlderThan&resourceVersion=1&continue=x',
        422,
        invalid('resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden when continue is provided'),
      ],
      ['sendInitialEvents=true', 422, invalid('sendInitialEvents: Forbidden: sendInitialEvents is forbidden for list')],
      ['resourceVersion=999', 504, 'Timeout: Too large resource version: 999, current: 4'],
      ['resourceVersion=5&continue=x', 400, 'specifying resource version is not allowed when using continue'],
    ]
    for (const [query, code, message] of cases) {
      const reply = await server.get(`${PODS_PATH}?${query}`)
      assert.deepEqual([reply.code, reply.json.message], [code, message], query)
    }
  })

  it('shows the state of exactly one version, until that is forgotten', async () => {
    await using server = await TestServer.open({ store: openMemoryStore({ keepChanges: 2 }) })
    await server.createPod('a')
    const then = server.store.resourceVersion
    await server.createPod('b')
    const exactly = `${PODS_PATH}?resourceVersionMatch=Exact&resourceVersion=${then}`
    assert.deepEqual(names(await server.get(exactly)), ['a'])
    assert.deepEqual(names(await server.get(`${PODS_PATH}?resourceVersion=${then}`)), ['a', 'b'])
    for (const name of ['c', 'd', 'e', 'f', 'g']) await server.createPod(name)
    const { code, json } = await server.get(exactly)
    assert.deepEqual([code, json.message], [410, 'The resourceVersion for the provided list is too old.'])
  })

  it('under way whose state is forgotten goes on with the newest, if the client wants that', async () => {
    await using server = await TestServer.open({ store: openMemoryStore({ keepChanges: 2 }) })
    for (const name of ['a', 'b', 'c']) await server.createPod(name)
    const first = await server.get(`${PODS_PATH}?limit=1`)
    await server.store.delete(PODS, { namespace: 'default', name: 'b' })
    for (const name of ['d', 'e', 'f', 'g', 'h']) await server.createPod(name)
    const token = (reply: Reply): string => String(reply.json.metadata?.['continue'])
    const expired = await server.get(`${PODS_PATH}?limit=1&continue=${token(first)}`)
    assert.deepEqual([expired.code, (expired.json as { reason?: string }).reason], [410, 'Expired'])
    assert.match(expired.json.message ?? '', /^The provided continue parameter is too old to display a consistent list/)
    const rest = await server.get(`${PODS_PATH}?limit=3&continue=${token(expired)}`)
    assert.deepEqual(names(rest), ['c', 'd', 'e'])
    assert.equal(rest.json.metadata?.['resourceVersion'], server.store.resourceVersion)
  })

  it('with a selector does not count what is left', async () => {
    await using server = await TestServer.open()
    for (const name of ['a', 'b', 'c']) await server.createPod(name, { labels: { app: 'x' } })
    const { metadata } = (await server.get(`${PODS_PATH}?limit=1&labelSelector=app`)).json
    assert.deepEqual(Object.keys(metadata ?? {}), ['resourceVersion', 'continue'])
  })
})
