import type { V1PriorityClass } from '@kubernetes/client-node'
import { SYSTEM_PRIORITY_CLASSES } from '../system-priority-classes.ts'
import type { Draft, Finding } from './finding.ts'
import { forbidden, invalid, notSupported } from './finding.ts'

// Source: pkg/apis/scheduling/validation.

const POLICIES = ['Never', 'PreemptLowerPriority']
const HIGHEST_OF_USERS = 1_000_000_000

export function checkPriorityClass(object: Draft<V1PriorityClass>): Finding[] {
  const { preemptionPolicy } = object
  return [
    ...checkNameAndValue(object),
    ...(preemptionPolicy === undefined || POLICIES.includes(preemptionPolicy)
      ? []
      : [notSupported('preemptionPolicy', preemptionPolicy, POLICIES.toReversed())]),
  ]
}

/** Pods have the number, not the class: it can't follow a change. */
export function checkPriorityClassUpdate(next: Draft<V1PriorityClass>, current: Draft<V1PriorityClass>): Finding[] {
  return [
    ...(next.value === current.value ? [] : [forbidden('value', 'may not be changed in an update.')]),
    ...(next.preemptionPolicy === current.preemptionPolicy
      ? []
      : [invalid('preemptionPolicy', next.preemptionPolicy, 'field is immutable')]),
  ]
}

function checkNameAndValue({ metadata, value = 0, globalDefault }: Draft<V1PriorityClass>): Finding[] {
  const name = metadata?.name ?? ''
  if (!name.startsWith('system-')) {
    return value > HIGHEST_OF_USERS
      ? [forbidden('value', `maximum allowed value of a user defined priority is ${HIGHEST_OF_USERS}`)]
      : []
  }
  const wrong = wrongInSystemClass({ name, value, isDefault: globalDefault === true })
  const reserved = `priority class names with 'system-' prefix are reserved for system use only. error: ${wrong ?? ''}`
  return wrong === undefined ? [] : [forbidden('metadata.name', reserved)]
}

function wrongInSystemClass(given: { name: string; value: number; isDefault: boolean }): string | undefined {
  const known = SYSTEM_PRIORITY_CLASSES.find(({ name }) => name === given.name)
  if (known === undefined) return `${given.name} is not a known system priority class`
  if (known.value !== given.value) return `value of ${given.name} PriorityClass must be ${known.value}`
  return given.isDefault ? `globalDefault of ${given.name} PriorityClass must be false` : undefined
}
