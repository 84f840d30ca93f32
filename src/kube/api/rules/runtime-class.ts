import type { V1RuntimeClass } from '@kubernetes/client-node'
import type { Draft, Finding } from './finding.ts'
import { invalid, invalidFor } from './finding.ts'
import { checkLabels } from './metadata.ts'
import { brokenByLabel } from './names.ts'
import { checkResources } from './resources.ts'
import { checkTolerations } from './scheduling.ts'

/** Source: pkg/apis/node/validation. */
export function checkRuntimeClass({ handler = '', overhead, scheduling }: Draft<V1RuntimeClass>): Finding[] {
  const { podFixed } = overhead ?? {}
  return [
    ...invalidFor('handler', handler, brokenByLabel(handler)),
    ...(podFixed === undefined ? [] : checkResources({ limits: podFixed }, 'overhead')),
    ...checkLabels(scheduling?.nodeSelector ?? {}, 'scheduling.nodeSelector'),
    ...checkTolerations(scheduling?.tolerations ?? [], 'scheduling.tolerations'),
  ]
}

export function checkRuntimeClassUpdate(next: Draft<V1RuntimeClass>, current: Draft<V1RuntimeClass>): Finding[] {
  return next.handler === current.handler ? [] : [invalid('handler', next.handler, 'field is immutable')]
}
