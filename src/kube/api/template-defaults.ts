import type { V1PodTemplateSpec } from '@kubernetes/client-node'
import { fillPodDefaults } from './pod-defaults.ts'
import type { Draft } from './rules/finding.ts'

/** Something with a template for pods, and in the template what a Pod would get. */
export function fillTemplateDefaults<T>(object: T): T {
  const { template } = object as { readonly template?: Draft<V1PodTemplateSpec> }
  const { spec = {} } = fillPodDefaults({ spec: template?.spec ?? {} })
  return { ...object, template: { ...template, spec } }
}
