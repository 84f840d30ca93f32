import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { SERVICES } from '../../store/resources.ts'
import { TestServer } from '../test-server.ts'

const PATH = '/api/v1/namespaces/default/services'

describe('what Services must not share is given once, however many ask at the same time', () => {
  const asking: [what: string, spec: object, refusal: RegExp][] = [
    ['an address', { clusterIP: '10.96.7.7', clusterIPs: ['10.96.7.7'] }, /provided IP is already allocated/],
    ['a port of the node', { type: 'NodePort', ports: [{ port: 80, nodePort: 30_080 }] }, /port is already allocated/],
  ]
  for (const [what, spec, refusal] of asking) {
    it(`${what} that all ask for`, async () => {
      await using server = await TestServer.open()
      const answers = await Promise.all(names(20).map((name) => create(server, name, spec)))
      const refused = answers.filter(({ code }) => code !== 201)
      assert.equal(refused.length, 19)
      for (const { code, json } of refused) {
        assert.equal(code, 422)
        assert.match(json.message ?? '', refusal)
      }
    })
  }

  it('the address and the port that the server chooses', async () => {
    await using server = await TestServer.open()
    const answers = await Promise.all(names(200).map((name) => create(server, name, { type: 'NodePort' })))
    assert.ok(answers.every(({ code }) => code === 201))
    const specs = server.store.list(SERVICES).items.map(({ spec }) => spec)
    assert.equal(new Set(specs.map((spec) => spec?.clusterIP)).size, 200)
    assert.equal(new Set(specs.map((spec) => spec?.ports?.[0]?.nodePort)).size, 200)
  })

  it('an update that asks for what another one is being given', async () => {
    await using server = await TestServer.open()
    await Promise.all(names(10).map((name) => create(server, name, { type: 'NodePort' })))
    const patch = JSON.stringify({ spec: { ports: [{ port: 80, nodePort: 32_000 }] } })
    const headers = { 'content-type': 'application/strategic-merge-patch+json' }
    const answers = await Promise.all(
      names(10).map((name) => server.send('PATCH', `${PATH}/${name}`, { body: patch, headers })),
    )
    assert.deepEqual(answers.map(({ code }) => code).sort(), [200, ...Array.from({ length: 9 }, () => 422)])
  })
})

function names(count: number): string[] {
  return Array.from({ length: count }, (_, index) => `s${index}`)
}

function create(server: TestServer, name: string, spec: object) {
  const body = { metadata: { name }, spec: { selector: { app: name }, ports: [{ port: 80 }], ...spec } }
  return server.send('POST', PATH, { body })
}
