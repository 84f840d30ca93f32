import type { V1PodSecurityContext, V1SeccompProfile, V1SecurityContext } from '@kubernetes/client-node'
import type { Draft, Finding } from './finding.ts'
import { forbidden, inRange, invalid, invalidFor, isEmpty, notSupported, required } from './finding.ts'
import { checkDescendingPath } from './paths.ts'

const MAXIMUM_ID = 2_147_483_647
const SECCOMP_TYPES = ['Localhost', 'RuntimeDefault', 'Unconfined']
const SYSCTL = '([a-z0-9]([-_a-z0-9]*[a-z0-9])?[\\./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?'

export function checkContainerSecurity(context: Draft<V1SecurityContext>, field: string): Finding[] {
  const { runAsUser, runAsGroup, procMount, seccompProfile, privileged, allowPrivilegeEscalation, capabilities } =
    context
  const found = [
    ...checkId(runAsUser, `${field}.runAsUser`),
    ...checkId(runAsGroup, `${field}.runAsGroup`),
    ...(procMount !== undefined && procMount !== 'Default' && procMount !== 'Unmasked'
      ? [notSupported(`${field}.procMount`, procMount, ['Default', 'Unmasked'])]
      : []),
  ]
  // Kubernetes prints the whole object as the value here; the field's name says it better.
  if (allowPrivilegeEscalation === false && privileged === true) {
    const sentence = 'cannot set `allowPrivilegeEscalation` to false and `privileged` to true'
    found.push(invalid(field, 'securityContext', sentence))
  }
  if (allowPrivilegeEscalation === false && (capabilities?.add ?? []).includes('CAP_SYS_ADMIN')) {
    const sentence = 'cannot set `allowPrivilegeEscalation` to false and `capabilities.Add` CAP_SYS_ADMIN'
    found.push(invalid(field, 'securityContext', sentence))
  }
  return [...found, ...(seccompProfile === undefined ? [] : checkSeccomp(seccompProfile, `${field}.seccompProfile`))]
}

export function checkPodSecurity(context: Draft<V1PodSecurityContext>, field: string): Finding[] {
  const { fsGroupChangePolicy, supplementalGroupsPolicy, seccompProfile } = context
  return [
    ...checkId(context.fsGroup, `${field}.fsGroup`),
    ...checkId(context.runAsUser, `${field}.runAsUser`),
    ...checkId(context.runAsGroup, `${field}.runAsGroup`),
    ...(context.supplementalGroups ?? []).flatMap((group, index) =>
      checkId(group, `${field}.supplementalGroups[${index}]`),
    ),
    ...checkSysctls(context.sysctls ?? [], `${field}.sysctls`),
    ...(fsGroupChangePolicy !== undefined && !['Always', 'OnRootMismatch'].includes(fsGroupChangePolicy)
      ? [notSupported(`${field}.fsGroupChangePolicy`, fsGroupChangePolicy, ['Always', 'OnRootMismatch'])]
      : []),
    ...(supplementalGroupsPolicy !== undefined && !['Merge', 'Strict'].includes(supplementalGroupsPolicy)
      ? [notSupported(`${field}.supplementalGroupsPolicy`, supplementalGroupsPolicy, ['Merge', 'Strict'])]
      : []),
    ...(seccompProfile === undefined ? [] : checkSeccomp(seccompProfile, `${field}.seccompProfile`)),
  ]
}

function checkId(id: number | undefined, field: string): Finding[] {
  return id === undefined ? [] : invalidFor(field, id, inRange(id, 0, MAXIMUM_ID))
}

function checkSeccomp({ type, localhostProfile }: Draft<V1SeccompProfile>, field: string): Finding[] {
  if (isEmpty(type)) return [required(`${field}.type`, 'type is required when seccompProfile is set')]
  const profileField = `${field}.localhostProfile`
  if (type === 'Localhost') {
    return isEmpty(localhostProfile)
      ? [required(profileField, 'must be set when seccomp type is Localhost')]
      : checkDescendingPath(localhostProfile, profileField)
  }
  return [
    ...(SECCOMP_TYPES.includes(type) ? [] : [notSupported(`${field}.type`, type, SECCOMP_TYPES)]),
    ...(localhostProfile === undefined
      ? []
      : [invalid(profileField, localhostProfile, 'can only be set when seccomp type is Localhost')]),
  ]
}

function checkSysctls(sysctls: NonNullable<Draft<V1PodSecurityContext>['sysctls']>, field: string): Finding[] {
  const names = new Set<string>()
  return sysctls.flatMap(({ name = '' }, index) => {
    const at = `${field}[${index}].name`
    if (name === '') return [required(at)]
    const isRepeated = names.has(name)
    names.add(name)
    if (name.length > 253 || !new RegExp(`^${SYSCTL}$`).test(name)) {
      return [invalid(at, name, `must have at most 253 characters and match regex ^${SYSCTL}$`)]
    }
    return isRepeated ? [forbidden(at, `duplicate sysctl "${name}"`)] : []
  })
}
