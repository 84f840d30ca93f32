import type {
  V1Affinity,
  V1LabelSelector,
  V1NodeSelectorRequirement,
  V1NodeSelectorTerm,
  V1PodAffinity,
  V1PodAffinityTerm,
  V1Toleration,
  V1TopologySpreadConstraint,
} from '@kubernetes/client-node'
import type { Draft, Finding } from './finding.ts'
import { duplicate, forbidden, invalid, invalidFor, isEmpty, notSupported, required } from './finding.ts'
import { checkLabels } from './metadata.ts'
import { brokenByQualifiedName } from './names.ts'

const EFFECTS = ['NoSchedule', 'PreferNoSchedule', 'NoExecute']
const WHEN_UNSATISFIABLE = ['DoNotSchedule', 'ScheduleAnyway']

export function checkTolerations(tolerations: readonly Draft<V1Toleration>[], field: string): Finding[] {
  return tolerations.flatMap(({ key, operator, value, effect, tolerationSeconds }, index) => {
    const at = `${field}[${index}]`
    const found = isEmpty(key) ? [] : invalidFor(`${at}.key`, key, brokenByQualifiedName(key))
    if (isEmpty(key) && operator !== 'Exists') {
      const sentence = 'operator must be Exists when `key` is empty, which means "match all values and all keys"'
      found.push(invalid(`${at}.operator`, operator ?? '', sentence))
    }
    if (tolerationSeconds !== undefined && effect !== 'NoExecute') {
      found.push(invalid(`${at}.effect`, effect ?? '', "effect must be 'NoExecute' when `tolerationSeconds` is set"))
    }
    if (operator === 'Exists' && !isEmpty(value)) {
      found.push(invalid(`${at}.operator`, value, "value must be empty when `operator` is 'Exists'"))
    }
    if (!isEmpty(operator) && operator !== 'Exists' && operator !== 'Equal') {
      found.push(notSupported(`${at}.operator`, operator, ['Equal', 'Exists']))
    }
    if (!isEmpty(effect) && !EFFECTS.includes(effect)) found.push(notSupported(`${at}.effect`, effect, EFFECTS))
    return found
  })
}

export function checkTopologySpread(
  constraints: readonly Draft<V1TopologySpreadConstraint>[],
  field: string,
): Finding[] {
  const seen = new Set<string>()
  return constraints.flatMap(({ maxSkew = 0, topologyKey, whenUnsatisfiable = '', labelSelector }, index) => {
    const at = `${field}[${index}]`
    const pair = `{${topologyKey ?? ''}, ${whenUnsatisfiable}}`
    const isRepeated = seen.has(pair)
    seen.add(pair)
    return [
      ...(maxSkew <= 0 ? [invalid(`${at}.maxSkew`, maxSkew, 'must be greater than zero')] : []),
      ...(isEmpty(topologyKey) ? [required(`${at}.topologyKey`, 'can not be empty')] : []),
      ...(WHEN_UNSATISFIABLE.includes(whenUnsatisfiable)
        ? []
        : [notSupported(`${at}.whenUnsatisfiable`, whenUnsatisfiable, WHEN_UNSATISFIABLE)]),
      ...(isRepeated ? [duplicate(`${at}.{topologyKey, whenUnsatisfiable}`, pair)] : []),
      ...(labelSelector === undefined ? [] : checkLabelSelector(labelSelector, `${at}.labelSelector`)),
    ]
  })
}

export function checkAffinity(
  { nodeAffinity, podAffinity, podAntiAffinity }: Draft<V1Affinity>,
  field: string,
): Finding[] {
  const needed = nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution
  const preferred = nodeAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? []
  const terms = needed?.nodeSelectorTerms ?? []
  const termsField = `${field}.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms`
  return [
    ...(needed !== undefined && terms.length === 0
      ? [required(termsField, 'must have at least one node selector term')]
      : []),
    ...terms.flatMap((term, index) => checkNodeSelectorTerm(term, `${termsField}[${index}]`)),
    ...preferred.flatMap(({ weight, preference }, index) => {
      const at = `${field}.nodeAffinity.preferredDuringSchedulingIgnoredDuringExecution[${index}]`
      return [...checkWeight(weight, `${at}.weight`), ...checkNodeSelectorTerm(preference ?? {}, `${at}.preference`)]
    }),
    ...checkPodAffinity(podAffinity ?? {}, `${field}.podAffinity`),
    ...checkPodAffinity(podAntiAffinity ?? {}, `${field}.podAntiAffinity`),
  ]
}

function checkPodAffinity(affinity: Draft<V1PodAffinity>, field: string): Finding[] {
  const {
    requiredDuringSchedulingIgnoredDuringExecution: needed = [],
    preferredDuringSchedulingIgnoredDuringExecution: preferred = [],
  } = affinity
  return [
    ...needed.flatMap((term, index) =>
      checkPodAffinityTerm(term, `${field}.requiredDuringSchedulingIgnoredDuringExecution[${index}]`),
    ),
    ...preferred.flatMap(({ weight, podAffinityTerm }, index) => {
      const at = `${field}.preferredDuringSchedulingIgnoredDuringExecution[${index}]`
      return [
        ...checkWeight(weight, `${at}.weight`),
        ...checkPodAffinityTerm(podAffinityTerm ?? {}, `${at}.podAffinityTerm`),
      ]
    }),
  ]
}

function checkPodAffinityTerm({ topologyKey, labelSelector }: Draft<V1PodAffinityTerm>, field: string): Finding[] {
  return [
    ...(labelSelector === undefined ? [] : checkLabelSelector(labelSelector, `${field}.labelSelector`)),
    ...(isEmpty(topologyKey)
      ? [required(`${field}.topologyKey`, 'can not be empty')]
      : invalidFor(`${field}.topologyKey`, topologyKey, brokenByQualifiedName(topologyKey))),
  ]
}

function checkNodeSelectorTerm(
  { matchExpressions = [], matchFields = [] }: Draft<V1NodeSelectorTerm>,
  field: string,
): Finding[] {
  return [
    ...matchExpressions.flatMap((requirement, index) =>
      checkRequirement(requirement, `${field}.matchExpressions[${index}]`, true),
    ),
    ...matchFields.flatMap(({ key = '', operator = '', values = [] }, index) => {
      const at = `${field}.matchFields[${index}]`
      return [
        ...(operator !== 'In' && operator !== 'NotIn'
          ? [invalid(`${at}.operator`, operator, 'not a valid selector operator')]
          : []),
        ...(values.length === 1
          ? []
          : [
              required(
                `${at}.values`,
                "must be only one value when `operator` is 'In' or 'NotIn' for node field selector",
              ),
            ]),
        ...(key === 'metadata.name' ? [] : [invalid(`${at}.key`, key, 'not a valid field selector key')]),
      ]
    }),
  ]
}

function checkLabelSelector(
  { matchLabels = {}, matchExpressions = [] }: Draft<V1LabelSelector>,
  field: string,
): Finding[] {
  return [
    ...checkLabels(matchLabels, `${field}.matchLabels`),
    ...matchExpressions.flatMap((requirement, index) =>
      checkRequirement(requirement, `${field}.matchExpressions[${index}]`, false),
    ),
  ]
}

function checkRequirement(
  { key = '', operator = '', values = [] }: Draft<V1NodeSelectorRequirement>,
  field: string,
  comparesNumbers: boolean,
): Finding[] {
  return [
    ...checkOperator(operator, values, { field, comparesNumbers }),
    ...invalidFor(`${field}.key`, key, brokenByQualifiedName(key)),
  ]
}

function checkOperator(
  operator: string,
  values: readonly string[],
  { field, comparesNumbers }: { readonly field: string; readonly comparesNumbers: boolean },
): Finding[] {
  if (operator === 'In' || operator === 'NotIn') {
    return values.length === 0
      ? [required(`${field}.values`, "must be specified when `operator` is 'In' or 'NotIn'")]
      : []
  }
  if (operator === 'Exists' || operator === 'DoesNotExist') {
    const sentence = "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"
    return values.length > 0 ? [forbidden(`${field}.values`, sentence)] : []
  }
  if (comparesNumbers && (operator === 'Gt' || operator === 'Lt')) {
    return values.length === 1
      ? []
      : [required(`${field}.values`, "must be specified single value when `operator` is 'Lt' or 'Gt'")]
  }
  return [invalid(`${field}.operator`, operator, 'not a valid selector operator')]
}

function checkWeight(weight: number | undefined, field: string): Finding[] {
  const value = weight ?? 0
  return value >= 1 && value <= 100 ? [] : [invalid(field, value, 'must be in the range 1-100')]
}
