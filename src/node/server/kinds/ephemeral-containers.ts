import { isDeepStrictEqual } from 'node:util'
import { checkStructure } from '../../../kube/api/check-structure.ts'
import { parsePod } from '../../../kube/api/parse-pod.ts'
import type { EphemeralContainer, Pod, PodSpec } from '../../../kube/api/pod.ts'
import type { Parsed, Problem } from '../../../kube/api/problem.ts'
import { refuseNotCarriedOut } from '../../../kube/api/refuse-not-carried-out.ts'
import { forbidden } from '../../../kube/api/rules/finding.ts'
import type { KubeObject } from '../../store/store.ts'
import { generationOf } from './generation-of.ts'
import { without } from './prepare-object.ts'

const FIELD = 'spec.ephemeralContainers'

/**
 * A pod with the ephemeral containers of another one, of which nothing else is heard: more may come, none may change or
 * go (C1).
 */
export function prepareEphemeralContainers(value: KubeObject, current: Pod): Parsed<Pod> {
  const { value: sent, findings } = checkStructure(without(value, 'status'), 'V1Pod')
  if (findings.length > 0) return { ok: false, problems: findings }
  const { ephemeralContainers } = (sent as { readonly spec?: Partial<PodSpec> }).spec ?? {}
  const { status } = current
  const wanted = { ...without(current, 'status'), spec: { ...current.spec, ephemeralContainers } }
  const parsed = parsePod(wanted, 'stored')
  if (!parsed.ok) return parsed
  const { spec } = parsed.value
  const problems = [...checkKept(spec, current.spec), ...refuseNotCarriedOut(parsed.value)]
  if (problems.length > 0) return { ok: false, problems }
  const metadata = { ...current.metadata, generation: generationOf(spec, current) }
  return { ok: true, value: { ...parsed.value, spec, metadata, ...(status === undefined ? {} : { status }) } }
}

/** Source: ValidatePodEphemeralContainersUpdate of pkg/apis/core/validation, whose sentences end as these do. */
function checkKept(next: PodSpec, current: PodSpec): Problem[] {
  return (current.ephemeralContainers ?? []).flatMap((before): Problem[] => {
    const now = next.ephemeralContainers?.find(({ name }) => name === before.name)
    const which = `existing ephemeral containers ${JSON.stringify(before.name)}`
    if (now === undefined) return [forbidden(FIELD, `${which} may not be removed\n`)]
    if (isDeepStrictEqual(now, before)) return []
    return [forbidden(FIELD, `${which} may not be changed\n${differences(before, now).join('\n')}`)]
  })
}

function differences(before: EphemeralContainer, now: EphemeralContainer): string[] {
  const fields = [...new Set([...Object.keys(before), ...Object.keys(now)])] as (keyof EphemeralContainer)[]
  return fields
    .filter((field) => !isDeepStrictEqual(before[field], now[field]))
    .map((field) => `${field}: ${JSON.stringify(before[field])} to ${JSON.stringify(now[field])}`)
}
