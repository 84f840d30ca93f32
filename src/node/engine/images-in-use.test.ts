import assert from 'node:assert/strict'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { it } from 'node:test'
import { imagesInUse, noteImageInUse } from './images-in-use.ts'
import { podPaths } from './pod-paths.ts'

it('finds the images of all pods of all servers, and nothing where there are none', async () => {
  const state = await mkdtemp(join(tmpdir(), 'peapod-images-'))
  try {
    assert.deepEqual(await imagesInUse(state), new Set())
    const instances = join(state, 'instances')
    await noteImageInUse(podPaths(join(instances, 'run-a'), 'one'), 'sha256:1')
    await noteImageInUse(podPaths(join(instances, 'run-a'), 'one'), 'sha256:2')
    await noteImageInUse(podPaths(join(instances, 'server'), 'two'), 'sha256:2')
    await mkdir(join(instances, 'run-b', 'pods', 'three'), { recursive: true })
    await writeFile(join(instances, 'run-b', 'lock'), '')
    assert.deepEqual(await imagesInUse(state), new Set(['sha256:1', 'sha256:2']))
  } finally {
    await rm(state, { recursive: true })
  }
})
