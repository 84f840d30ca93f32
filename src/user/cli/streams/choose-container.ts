import { Failure } from '../../../failure.ts'
import { allContainers, type Pod } from '../../../kube/api/pod.ts'

const ANNOTATION = 'kubectl.kubernetes.io/default-container'

interface ChosenContainer {
  readonly name: string
  /** For standard error: that there are others. */
  readonly notice?: string
}

/**
 * The container that is meant when none is named, as kubectl chooses: by the pod's annotation, else the first one.
 *
 * @throws Failure NotFound when the pod has none of that name.
 */
export function chooseContainer(pod: Pod, asked: string | undefined): ChosenContainer {
  const names = containerNames(pod)
  if (asked !== undefined) {
    if (names.includes(asked)) return { name: asked }
    const known = names.join(', ')
    throw new Failure(
      'NotFound',
      `pod ${JSON.stringify(pod.metadata.name)} has no container ${JSON.stringify(asked)}; it has ${known}`,
    )
  }
  const annotated = pod.metadata.annotations?.[ANNOTATION]
  if (annotated !== undefined && names.includes(annotated)) return { name: annotated }
  const first = pod.spec.containers[0]?.name ?? ''
  if (names.length === 1) return { name: first }
  return { name: first, notice: `Defaulted container ${JSON.stringify(first)} out of: ${namesWithKinds(pod)}` }
}

/** In the order in which kubectl goes through them. */
export function containerNames(pod: Pod): readonly string[] {
  return [...allContainers(pod), ...(pod.spec.ephemeralContainers ?? [])].map(({ name }) => name)
}

function namesWithKinds({ spec }: Pod): string {
  return [
    ...spec.containers.map(({ name }) => name),
    ...(spec.ephemeralContainers ?? []).map(({ name }) => `${name} (ephem)`),
    ...(spec.initContainers ?? []).map(({ name }) => `${name} (init)`),
  ].join(', ')
}
