import type { ContainerRuntime } from '../machine/runtime/container-runtime.ts'

export async function openRuntime(directory: string): Promise<ContainerRuntime & AsyncDisposable> {
  const [{ openOciRuntime }, { chooseRuntime }] = await Promise.all([
    import('../machine/runtime/oci/open-oci-runtime.ts'),
    import('../machine/runtime/oci/choose-runtime.ts'),
  ])
  return openOciRuntime({ ...(await chooseRuntime()), directory })
}
