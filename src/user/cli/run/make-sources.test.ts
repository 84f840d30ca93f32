import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Failure } from '../../../failure.ts'
import type { ApiClient } from '../../client/open-client.ts'
import type { SourceManifest } from './examine-source.ts'
import { makeSources } from './make-sources.ts'

const SETTINGS: SourceManifest = {
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { generateName: 'settings-', namespace: 'default' },
}
const KEYS: SourceManifest = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'keys', namespace: 'other' } }

/** Objects by `plural namespace/name`; a generated name ends in x. */
class FakeServer implements Pick<ApiClient, 'create' | 'delete'> {
  readonly objects = new Set<string>()

  create: ApiClient['create'] = (type, { metadata }) => {
    const name = metadata.name ?? `${metadata.generateName ?? ''}x`
    const id = `${type.plural} ${metadata.namespace ?? ''}/${name}`
    if (this.objects.has(id)) return Promise.reject(new Failure('AlreadyExists', `${id} already exists`))
    this.objects.add(id)
    return Promise.resolve({ metadata: { ...metadata, name } } as never)
  }

  delete: ApiClient['delete'] = (type, { namespace = '', name }) => {
    const wasThere = this.objects.delete(`${type.plural} ${namespace}/${name}`)
    return wasThere ? Promise.resolve() : Promise.reject(new Failure('NotFound', 'not found'))
  }
}

describe('makeSources', () => {
  it('makes them, and takes away what it made; what somebody else has taken away is no trouble', async () => {
    const server = new FakeServer()
    const made = await makeSources(server, [SETTINGS, KEYS])
    assert.deepEqual([...server.objects], ['configmaps default/settings-x', 'secrets other/keys'])
    server.objects.delete('secrets other/keys')
    await made[Symbol.asyncDispose]()
    assert.deepEqual([...server.objects], [])
  })

  it('leaves alone what was there before, and nothing of its own', async () => {
    const server = new FakeServer()
    server.objects.add('secrets other/keys')
    await assert.rejects(makeSources(server, [SETTINGS, KEYS]), { reason: 'AlreadyExists' })
    assert.deepEqual([...server.objects], ['secrets other/keys'])
  })
})
