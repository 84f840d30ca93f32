import type { V1EphemeralContainer, V1PodSpec } from '@kubernetes/client-node'
import { checkContainer, surroundingsOf } from './containers.ts'
import type { Draft, Finding } from './finding.ts'
import { forbidden, isEmpty, notFound } from './finding.ts'

const REFUSED = 'cannot be set for an Ephemeral Container'

/** What a service needs and a look at one does not, in the order in which the API server names it. */
const REFUSED_FIELDS = [
  'ports',
  'resources',
  'resizePolicy',
  'restartPolicy',
  'restartPolicyRules',
  'livenessProbe',
  'readinessProbe',
  'startupProbe',
  'lifecycle',
] as const

/** Containers that were added to a pod (C1): names are unique across all kinds, and they serve nobody. */
export function checkEphemeralContainers(spec: Draft<V1PodSpec>, field: string): Finding[] {
  const { containers = [], initContainers = [], ephemeralContainers = [] } = spec
  const others = new Set([...containers, ...initContainers].flatMap(({ name }) => (isEmpty(name) ? [] : [name])))
  const pod = surroundingsOf(spec, new Set(others))
  return ephemeralContainers.flatMap((container, index) => {
    const at = `${field}[${index}]`
    const { targetContainerName: target } = container
    return [
      ...checkContainer(container, at, pod),
      ...(isEmpty(target) || others.has(target) ? [] : [notFound(`${at}.targetContainerName`, target)]),
      ...refuseFields(container, at),
      ...refuseSubPaths(container, at),
    ]
  })
}

function refuseFields(container: Draft<V1EphemeralContainer>, at: string): Finding[] {
  const hasResources = Object.keys(container.resources ?? {}).length > 0
  return REFUSED_FIELDS.filter((name) => (name === 'resources' ? hasResources : container[name] !== undefined)).map(
    (name) => forbidden(`${at}.${name}`, REFUSED),
  )
}

function refuseSubPaths({ volumeMounts = [] }: Draft<V1EphemeralContainer>, at: string): Finding[] {
  return volumeMounts.flatMap((mount, index) =>
    (['subPath', 'subPathExpr'] as const)
      .filter((name) => !isEmpty(mount[name]))
      .map((name) => forbidden(`${at}.volumeMounts[${index}].${name}`, REFUSED)),
  )
}
