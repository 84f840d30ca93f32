import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Failure } from '../../failure.ts'
import { parseImageConfig } from './image-config.ts'
import { parseManifest } from './image-manifest.ts'
import { DOCKER_CONFIG, DOCKER_INDEX, DOCKER_MANIFEST, OCI_CONFIG, OCI_INDEX, OCI_MANIFEST } from './media-types.ts'

const DIGEST = `sha256:${'a'.repeat(64)}`
const CONFIG = { mediaType: OCI_CONFIG, digest: DIGEST, size: 7 }
const LAYER = { mediaType: 'application/vnd.oci.image.layer.v1.tar+zstd', digest: DIGEST, size: 9 }
const PLAIN = { schemaVersion: 2, mediaType: OCI_MANIFEST, config: CONFIG, layers: [LAYER] }
const ENTRY = { mediaType: OCI_MANIFEST, digest: DIGEST, size: 5, platform: { os: 'linux', architecture: 'amd64' } }

describe('parseManifest', () => {
  it('reads an image manifest', () => {
    assert.deepEqual(parseManifest(json(PLAIN), 'x'), {
      is: 'image',
      mediaType: OCI_MANIFEST,
      config: { mediaType: OCI_CONFIG, digest: DIGEST, sizeBytes: 7 },
      layers: [{ mediaType: 'application/vnd.oci.image.layer.v1.tar+zstd', digest: DIGEST, sizeBytes: 9 }],
    })
  })

  it('reads an index and leaves out entries that are no images', () => {
    const index = {
      schemaVersion: 2,
      mediaType: DOCKER_INDEX,
      manifests: [ENTRY, { ...ENTRY, mediaType: 'text/spdx' }],
    }
    assert.deepEqual(parseManifest(json(index), 'x'), {
      is: 'index',
      mediaType: DOCKER_INDEX,
      entries: [
        { mediaType: OCI_MANIFEST, digest: DIGEST, sizeBytes: 5, platform: { os: 'linux', architecture: 'amd64' } },
      ],
    })
  })

  const kinds: readonly (readonly [document: object, announced: string | undefined, kind: string])[] = [
    [{ ...PLAIN, mediaType: undefined }, `${DOCKER_MANIFEST}; charset=utf-8`, DOCKER_MANIFEST],
    [{ ...PLAIN, mediaType: undefined }, 'application/json', OCI_MANIFEST],
    [{ manifests: [] }, undefined, OCI_INDEX],
    [{ ...PLAIN, mediaType: DOCKER_MANIFEST, config: { ...CONFIG, mediaType: DOCKER_CONFIG } }, 'a/b', DOCKER_MANIFEST],
  ]
  for (const [document, announced, kind] of kinds) {
    it(`${JSON.stringify(Object.keys(document))} announced as ${announced ?? 'nothing'} is ${kind}`, () =>
      assert.equal(parseManifest(json(document), 'x', announced).mediaType, kind))
  }

  const refused: readonly (readonly [document: unknown, message: RegExp])[] = [
    ['text', /not a JSON object/],
    [{ ...PLAIN, manifests: [] }, /an index and an image manifest at once/],
    [{ mediaType: OCI_INDEX, manifests: [], layers: [] }, /at once/],
    [{ schemaVersion: 1, fsLayers: [] }, /schema 1/],
    [{ schemaVersion: 2, mediaType: 'application/vnd.docker.distribution.manifest.v1+prettyjws' }, /schema 1/],
    [{ ...PLAIN, mediaType: 'a/b' }, /its type is "a\/b", expected one of/],
    [{ ...PLAIN, config: { ...CONFIG, mediaType: 'application/vnd.cncf.helm.config.v1+json' } }, /no container image/],
    [{ ...PLAIN, layers: [{ ...LAYER, mediaType: `${LAYER.mediaType}+encrypted` }] }, /layer 1 of x: the layer type/],
    [{ ...PLAIN, layers: [{ ...LAYER, digest: 'sha256:../../etc' }] }, /layer 1 of x: its digest is/],
    [{ ...PLAIN, layers: [{ ...LAYER, size: -1 }] }, /its size is -1/],
    [{ ...PLAIN, layers: [{ ...LAYER, size: '9' }] }, /its size is "9"/],
    [{ ...PLAIN, layers: Array.from({ length: 501 }, () => LAYER) }, /501 layers/],
    [{ ...PLAIN, config: undefined }, /config of x: it is missing/],
  ]
  for (const [document, message] of refused) {
    it(`refuses ${JSON.stringify(document).slice(0, 70)} (${message.source})`, () =>
      assert.throws(() => parseManifest(json(document), 'x'), isPullFailure(message)))
  }

  it('refuses what is not JSON', () =>
    assert.throws(() => parseManifest(Buffer.from('<html>'), 'x'), isPullFailure(/not JSON/)))
})

describe('parseImageConfig', () => {
  it('fills in what an image leaves out', () => {
    assert.deepEqual(parseImageConfig(json({ os: 'linux', architecture: 'amd64', config: { Cmd: null } }), 'x'), {
      config: {
        entrypoint: [],
        cmd: [],
        env: [],
        workingDir: '',
        user: '',
        stopSignal: undefined,
        volumes: [],
        architecture: 'amd64',
        os: 'linux',
      },
      diffIds: [],
    })
  })

  it('reads what a container needs', () => {
    const run = {
      Entrypoint: ['/e'],
      Cmd: ['c'],
      Env: ['A=b'],
      WorkingDir: '/w',
      User: '1:2',
      StopSignal: 'SIGQUIT',
      Volumes: { '/data': {} },
    }
    const { config, diffIds } = parseImageConfig(json({ config: run, rootfs: { diff_ids: [DIGEST] } }), 'x')
    assert.deepEqual(
      [config.entrypoint, config.cmd, config.env, config.workingDir, config.user, config.stopSignal, config.volumes],
      [['/e'], ['c'], ['A=b'], '/w', '1:2', 'SIGQUIT', ['/data']],
    )
    assert.deepEqual(diffIds, [DIGEST])
  })

  it('refuses wrong types and digests that are none', () => {
    assert.throws(() => parseImageConfig(json({ config: { Cmd: 'sh' } }), 'x'), isPullFailure(/Cmd is "sh"/))
    const escaping = { rootfs: { diff_ids: ['../..'] } }
    assert.throws(() => parseImageConfig(json(escaping), 'x'), isPullFailure(/"..\/..", which is no digest/))
  })
})

function json(value: unknown): Buffer {
  return Buffer.from(JSON.stringify(value))
}

function isPullFailure(message: RegExp) {
  return (error: unknown) => {
    assert.ok(error instanceof Failure)
    assert.equal(error.reason, 'ErrImagePull')
    assert.match(error.message, message)
    return true
  }
}
