import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Image } from '../machine/image/image.ts'
import type { ImageStore, ImageStoreOptions } from '../machine/image/image-store.ts'
import type { RegistriesConfig } from '../machine/image/registry/registries-config.ts'
import type { ImageCommands, PulledImage } from '../user/cli/cli-machine.ts'
import { complain } from './program.ts'

/** @param purpose of a server that stays: unused images go when the disk is nearly full. Absent: only when told to. */
export async function openImageStoreOf(stateDirectory: string, purpose?: 'collects garbage'): Promise<ImageStore> {
  const [{ openImageStore }, { credentialsFromFiles }] = await Promise.all([
    import('../machine/image/image-store.ts'),
    import('../machine/image/registry/credentials.ts'),
  ])
  return openImageStore(join(stateDirectory, 'images'), {
    credentials: credentialsFromFiles(process.env),
    registries: await readRegistries(stateDirectory),
    proxyEnv: process.env,
    makeBuiltIn: async (reference, store) =>
      (await import('../machine/image/builtin-image.ts')).makeBuiltIn(reference, store),
    ...(purpose === undefined ? {} : { garbage: await garbageOptions() }),
    imagesInUse: async () => (await import('../node/engine/images-in-use.ts')).imagesInUse(stateDirectory),
  })
}

async function garbageOptions(): Promise<Required<ImageStoreOptions>['garbage']> {
  const { DEFAULT_IMAGE_GARBAGE_POLICY } = await import('../machine/image/compute-image-garbage.ts')
  return { policy: DEFAULT_IMAGE_GARBAGE_POLICY, tell: complain }
}

/** Mirrors and insecure registries: the state directory's own file, else the machine's. */
async function readRegistries(stateDirectory: string): Promise<RegistriesConfig> {
  for (const file of [join(stateDirectory, 'registries.json'), '/etc/peapod/registries.json']) {
    if (!existsSync(file)) continue
    const { parseRegistriesConfig } = await import('../machine/image/registry/registries-config.ts')
    return parseRegistriesConfig(readFileSync(file, 'utf8'), file)
  }
  return { mirrors: {}, insecure: [] }
}

export async function openImages({ stateDirectory }: { readonly stateDirectory: string }): Promise<ImageCommands> {
  const store = await openImageStoreOf(stateDirectory)
  const pulled = (image: Image): PulledImage => ({ name: image.names[0] ?? image.id, id: image.id })
  return {
    pull: async (reference, options) => pulled(await store.pull(reference, options)),
    push: async (reference, { signal }) => ({ digest: await store.push(reference, undefined, { signal }) }),
    async load(archive, { signal }) {
      const { loadArchive } = await import('../machine/image/load-archive.ts')
      return (await loadArchive(archive, store, signal)).map(pulled)
    },
    async *save(references, { signal }) {
      const { saveArchive } = await import('../machine/image/save-archive.ts')
      yield* saveArchive(references, store, signal)
    },
    list: () => store.list(),
    remove: (reference, options) => store.remove(reference, options),
    async prune({ all }) {
      const { deleted, freedBytes } = await store.prune(all ? 'all' : 'dangling')
      return { deleted: deleted.map((id) => ({ id, names: [] })), freedBytes }
    },
  }
}
