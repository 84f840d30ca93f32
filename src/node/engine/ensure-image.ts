import { Failure } from '../../failure.ts'
import type { Container } from '../../kube/api/pod.ts'
import type { Image } from '../../machine/image/image.ts'
import type { PodWorld } from './pod-world.ts'

/** Built-in images are made on the machine: there is nowhere to pull them from. */
const BUILT_IN = /^peapod\.local\//

/** The container's image, pulled when its policy asks for it (Q10), told in the kubelet's events. */
export async function ensureImage(world: PodWorld, container: Container, signal: AbortSignal): Promise<Image> {
  const { image: reference, imagePullPolicy, name } = container
  const mayUsePresent = imagePullPolicy !== 'Always' || BUILT_IN.test(reference)
  const present = mayUsePresent ? await world.parts.images.find(reference) : undefined
  if (present !== undefined) {
    world.event('Normal', 'Pulled', `Container image "${reference}" already present on machine`, name)
    return present
  }
  if (imagePullPolicy === 'Never') {
    throw new Failure(
      'ErrImageNeverPull',
      `Container image "${reference}" is not present with pull policy of Never; load it with "peapod image load" or pull it`,
    )
  }
  world.event('Normal', 'Pulling', `Pulling image "${reference}"`, name)
  const startedAtMs = world.parts.clock.nowMs()
  const { onPullProgress } = world.parts
  const image = await world.parts.images.pull(reference, {
    signal: AbortSignal.any([signal, world.deleted]),
    ...(onPullProgress === undefined ? {} : { onProgress: (progress) => onPullProgress(reference, progress) }),
  })
  const seconds = ((world.parts.clock.nowMs() - startedAtMs) / 1000).toFixed(3)
  world.event(
    'Normal',
    'Pulled',
    `Successfully pulled image "${reference}" in ${seconds}s. Image size: ${image.sizeBytes} bytes.`,
    name,
  )
  return image
}
