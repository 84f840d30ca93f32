import { hostname } from 'node:os'
import type { ImageStore } from '../machine/image/image-store.ts'
import type { NodeReport } from '../node/controllers/tell-node.ts'
import type { Store } from '../node/store/store.ts'
import { complain, VERSION } from './program.ts'

interface ControllerParts {
  readonly store: Store
  /** The certificate of the server's authority, as PEM. */
  readonly authority: string
  /** Where pods reach the server; absent when they do not. */
  readonly forPods: { readonly host: string; readonly port: number } | undefined
  readonly images: ImageStore
  /** Of the server in the state directory. */
  readonly directory: string
}

/** Sees deletions through, of namespaces and of what depends on others, until the signal aborts. */
export async function finishDeletions(store: Store, signal: AbortSignal): Promise<void> {
  const [{ emptyNamespaces }, { collectDependents }, { STORED_RESOURCES }] = await Promise.all([
    import('../node/controllers/empty-namespaces.ts'),
    import('../node/controllers/collect-dependents.ts'),
    import('../node/server/kinds/kinds.ts'),
  ])
  const all = { store, resources: STORED_RESOURCES, nowMs: () => Date.now(), log: complain }
  await Promise.all([emptyNamespaces(all, signal), collectDependents(all, signal)])
}

/** What keeps the objects of a long-running server true, until the signal aborts. */
export async function runControllers(parts: ControllerParts, signal: AbortSignal): Promise<void> {
  const { store, authority, forPods } = parts
  const [{ furnishNamespaces }, { keepApiService }, { tellNode }] = await Promise.all([
    import('../node/controllers/furnish-namespaces.ts'),
    import('../node/controllers/keep-api-service.ts'),
    import('../node/controllers/tell-node.ts'),
  ])
  const common = { store, nowMs: () => Date.now(), log: complain }
  const report = await nodeReporter(parts)
  await Promise.all([
    furnishNamespaces({ ...common, authority }, signal),
    tellNode({ ...common, report }, signal),
    finishDeletions(store, signal),
    forPods === undefined
      ? undefined
      : keepApiService({ ...common, address: forPods.host, port: forPods.port }, signal),
  ])
}

async function nodeReporter({ images, directory }: ControllerParts): Promise<() => Promise<NodeReport>> {
  const [{ describeSystem, isDiskFull, nodeAddresses }, { readNodeFacts }, { chooseRuntime }, { runCommand }] =
    await Promise.all([
      import('../node/engine/describe-node.ts'),
      import('../node/engine/machine-facts.ts'),
      import('../machine/runtime/oci/choose-runtime.ts'),
      import('../machine/process/run-command.ts'),
    ])
  const facts = readNodeFacts(hostname(), directory)
  const { runtimeKind, runtimeProgram } = await chooseRuntime()
  const { stdout } = await runCommand([runtimeProgram, '--version'])
  const runtimeVersion = /version (\S+)/.exec(stdout)?.[1] ?? ''
  const info = describeSystem(facts, { runtime: runtimeKind, runtimeVersion, version: `v${VERSION}` })
  return async () => ({
    facts,
    addresses: nodeAddresses(facts.name),
    info,
    images: (await images.list()).map(({ names, digests, sizeBytes }) => ({
      names: [...digests, ...names],
      sizeBytes,
    })),
    isDiskFull: isDiskFull(directory),
  })
}
