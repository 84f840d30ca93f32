import type { ContainerRuntime } from '../machine/runtime/container-runtime.ts'
import type { ContainerStreams } from '../machine/runtime/container-streams.ts'

export async function openRuntime(directory: string): Promise<ContainerRuntime & ContainerStreams & AsyncDisposable> {
  const [{ openOciRuntime }, { chooseRuntime }] = await Promise.all([
    import('../machine/runtime/oci/open-oci-runtime.ts'),
    import('../machine/runtime/oci/choose-runtime.ts'),
  ])
  return openOciRuntime({ ...(await chooseRuntime()), directory })
}
