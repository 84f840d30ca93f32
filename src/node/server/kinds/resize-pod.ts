import { parsePod } from '../../../kube/api/parse-pod.ts'
import type { Pod } from '../../../kube/api/pod.ts'
import type { Parsed } from '../../../kube/api/problem.ts'
import { type QosClass, qosClass } from '../../../kube/api/qos-class.ts'
import { refuseNotCarriedOut } from '../../../kube/api/refuse-not-carried-out.ts'
import { checkResize, withResourcesOf } from '../../../kube/api/rules/pod-resize.ts'
import type { KubeObject } from '../../store/store.ts'
import { generationOf } from './generation-of.ts'
import { without } from './prepare-object.ts'

/** `pods/…/resize`: of all that is sent, only the resources of containers and sidecars are heard (Q6). */
export function prepareResize(value: KubeObject, current: Pod): Parsed<Pod> {
  const parsed = parsePod(without(value, 'status'), 'stored')
  if (!parsed.ok) return parsed
  const spec = withResourcesOf(parsed.value.spec, current.spec)
  // It was told when the pod was made, and is not looked at again.
  const quality = (current.status?.qosClass as QosClass | undefined) ?? qosClass(current)
  const resized = { ...current, spec, metadata: { ...current.metadata, generation: generationOf(spec, current) } }
  const problems = [...checkResize(spec, current.spec, quality), ...refuseNotCarriedOut(resized)]
  return problems.length > 0 ? { ok: false, problems } : { ok: true, value: resized }
}
