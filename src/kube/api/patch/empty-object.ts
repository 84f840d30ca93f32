import type { JsonObject } from './json-value.ts'
import { fieldsOf } from '../schema.ts'

/**
 * What even an empty object of a type has in Kubernetes' JSON, because Go writes it always; null stands for an empty
 * list or map. Who creates an object does not own these parts themselves, only what is in them.
 */
const ALWAYS_THERE: Readonly<Record<string, JsonObject>> = {
  CoreV1Event: { involvedObject: {}, source: {} },
  V1CronJobSpec: { jobTemplate: { metadata: {}, spec: { template: { metadata: {}, spec: { containers: null } } } } },
  V1DaemonSetSpec: { selector: null, template: { metadata: {}, spec: { containers: null } }, updateStrategy: {} },
  V1DeploymentSpec: { selector: null, template: { metadata: {}, spec: { containers: null } }, strategy: {} },
  V1EndpointSlice: { endpoints: null, ports: null },
  V1JobSpec: { template: { metadata: {}, spec: { containers: null } } },
  V1LimitRangeSpec: { limits: null },
  V1NodeStatus: { daemonEndpoints: { kubeletEndpoint: {} }, nodeInfo: {} },
  V1PersistentVolumeClaimSpec: { resources: {} },
  V1PodSpec: { containers: null },
  V1PodTemplate: { template: { metadata: {}, spec: { containers: null } } },
  V1ReplicaSetSpec: { selector: null, template: { metadata: {}, spec: { containers: null } } },
  V1ServiceStatus: { loadBalancer: {} },
  V1StatefulSetSpec: {
    selector: null,
    template: { metadata: {}, spec: { containers: null } },
    updateStrategy: {},
  },
}

const PARTS = ['metadata', 'spec', 'status']

/** An object of a type before anybody has said anything of it. */
export function emptyObject(typeName: string): JsonObject {
  const fields = fieldsOf(typeName)
  const parts = PARTS.flatMap((part): [string, JsonObject][] => {
    const type = fields?.get(part)?.type
    if (fields !== undefined && type === undefined) return []
    return [[part, type?.is === 'object' ? (ALWAYS_THERE[type.name] ?? {}) : {}]]
  })
  return { ...ALWAYS_THERE[typeName], ...Object.fromEntries(parts) }
}
