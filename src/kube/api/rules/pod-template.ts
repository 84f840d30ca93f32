import type { V1PodTemplate } from '@kubernetes/client-node'
import type { Draft, Finding } from './finding.ts'
import { forbidden } from './finding.ts'
import { checkPod } from './pod.ts'

/** The template of a PodTemplate: what a Pod made from it would be refused for. Its name is given to each Pod later. */
export function checkPodTemplate({ template = {} }: Draft<V1PodTemplate>): Finding[] {
  const { metadata, spec = {} } = template
  const findings = [
    ...checkPod({ metadata: { ...metadata, name: 'template' }, spec }),
    ...((spec.ephemeralContainers ?? []).length > 0
      ? [forbidden('spec.ephemeralContainers', 'ephemeral containers not allowed in pod template')]
      : []),
  ]
  return findings.map(({ field, place, ...rest }) => ({
    ...rest,
    field: inTemplate(field),
    ...(place === undefined ? {} : { place: inTemplate(place) }),
  }))
}

/** Kubernetes leaves the metadata of a template out of its paths. */
function inTemplate(field: string): string {
  return `template.${field.replace(/^metadata\./, '')}`
}
