import { isDeepStrictEqual } from 'node:util'
import { admitPod, withDefaultTolerations } from '../../../kube/api/admit-pod.ts'
import { mountAccountToken } from '../../../kube/api/mount-account-token.ts'
import { parsePod } from '../../../kube/api/parse-pod.ts'
import type { Container, Pod, PodSpec } from '../../../kube/api/pod.ts'
import type { Parsed, Problem } from '../../../kube/api/problem.ts'
import { refuseNotCarriedOut } from '../../../kube/api/refuse-not-carried-out.ts'
import { forbidden } from '../../../kube/api/rules/finding.ts'
import { podWarnings } from '../../../kube/api/rules/pod-warnings.ts'
import { SERVICE_ACCOUNTS } from '../../store/resources.ts'
import type { KubeObject } from '../../store/store.ts'
import { prepareEphemeralContainers } from './ephemeral-containers.ts'
import { generationOf } from './generation-of.ts'
import type { Admission, Existing, KindRules } from './kind.ts'
import { prepareResize } from './resize-pod.ts'
import { keepServersOwn, replaceStatus, without } from './prepare-object.ts'

export function podRules(existing: Existing): KindRules<Pod> {
  return { ...RULES_OF_POD, prepareCreate: (value, admission) => prepareCreate(value, admission, existing) }
}

function prepareCreate(value: KubeObject, admission: Admission, existing: Existing): Parsed<Pod> {
  const parsed = parsePod(without(value, 'status'))
  if (!parsed.ok) return parsed
  const problems = refuseNotCarriedOut(parsed.value)
  if (problems.length > 0) return { ok: false, problems }
  const pod = admitPod(parsed.value, admission)
  const { accountSuffix: suffix } = admission
  if (suffix === undefined) return { ok: true, value: pod }
  const { namespace } = pod.metadata
  const account = existing.get(SERVICE_ACCOUNTS, { namespace, name: pod.spec.serviceAccountName ?? 'default' })
  return { ok: true, value: mountAccountToken(pod, { automount: account?.automountServiceAccountToken, suffix }) }
}

const RULES_OF_POD: Omit<KindRules<Pod>, 'prepareCreate'> = {
  warnings: podWarnings,

  prepareUpdate(value, current) {
    const parsed = parsePod(without(value, 'status'), 'stored')
    if (!parsed.ok) return parsed
    const spec = { ...parsed.value.spec, tolerations: withDefaultTolerations(parsed.value.spec) }
    const problems = checkUpdate(spec, current.spec)
    if (problems.length > 0) return { ok: false, problems }
    const { status } = current
    const kept = keepServersOwn(parsed.value, current) as Pod['metadata']
    const metadata = { ...kept, generation: generationOf(spec, current) }
    return { ok: true, value: { ...parsed.value, spec, metadata, ...(status === undefined ? {} : { status }) } }
  },

  prepareEphemeralContainers,

  prepareResize,

  prepareStatus: (value, current) => replaceStatus(value, current, 'V1Pod'),
}

const MAY_CHANGE =
  'pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,' +
  '`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),' +
  '`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)'

/** What of a pod's spec may change while it lives (C4). Source: ValidatePodUpdate of pkg/apis/core/validation. */
function checkUpdate(next: PodSpec, current: PodSpec): Problem[] {
  for (const field of ['containers', 'initContainers'] as const) {
    if ((next[field] ?? []).length !== (current[field] ?? []).length) {
      return [forbidden(`spec.${field}`, 'pod updates may not add or remove containers')]
    }
  }
  const { activeDeadlineSeconds: deadline } = current
  if (deadline !== undefined && (next.activeDeadlineSeconds ?? Infinity) > deadline) {
    return [forbidden('spec.activeDeadlineSeconds', 'must be less than or equal to previous value')]
  }
  const kept = (current.tolerations ?? []).every((toleration) =>
    next.tolerations?.some((other) => isDeepStrictEqual(toleration, other)),
  )
  const isGraceMended = current.terminationGracePeriodSeconds < 0 && next.terminationGracePeriodSeconds === 1
  const same: PodSpec = {
    ...next,
    ...withImagesOf(next, current),
    ...(kept && current.tolerations !== undefined ? { tolerations: current.tolerations } : {}),
    ...(isGraceMended ? { terminationGracePeriodSeconds: current.terminationGracePeriodSeconds } : {}),
  }
  const isUnchanged = isDeepStrictEqual(
    without(same, 'activeDeadlineSeconds'),
    without(current, 'activeDeadlineSeconds'),
  )
  return isUnchanged ? [] : [forbidden('spec', MAY_CHANGE)]
}

/** The pull policy goes along: its default follows from the image's tag. */
function withImagesOf(next: PodSpec, current: PodSpec): Pick<PodSpec, 'containers' | 'initContainers'> {
  const withImage = (container: Container, index: number, before: readonly Container[]): Container => {
    const { image, imagePullPolicy } = before[index] ?? container
    return image === container.image ? container : { ...container, image, imagePullPolicy }
  }
  return {
    containers: next.containers.map((container, index) => withImage(container, index, current.containers)),
    ...(next.initContainers === undefined
      ? {}
      : {
          initContainers: next.initContainers.map((container, index) =>
            withImage(container, index, current.initContainers ?? []),
          ),
        }),
  }
}
