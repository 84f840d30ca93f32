/**
 * How Kubernetes merges lists and maps where the generated schema does not say: its types carry the markers listType,
 * listMapKey, mapType and structType for server-side apply, and patchStrategy and patchMergeKey for strategic merge
 * patches. Source: the types.go of k8s.io/api and k8s.io/apimachinery. What is not in these tables is Kubernetes'
 * default: a list is replaced as a whole, a map or an object is merged field by field.
 */
export interface ListRule {
  /** Apply: the fields that tell items apart; []: the items are a set of values. Absent: one value as a whole. */
  readonly apply?: readonly string[]
  /** Strategic merge: the field that tells items apart; '': the items are values. Absent: replaced as a whole. */
  readonly strategic?: string
}

const byName: ListRule = { apply: ['name'], strategic: 'name' }
const byType: ListRule = { apply: ['type'], strategic: 'type' }
const byIp: ListRule = { apply: ['ip'], strategic: 'ip' }
const container = {
  env: byName,
  ports: { apply: ['containerPort', 'protocol'], strategic: 'containerPort' },
  volumeDevices: { apply: ['devicePath'], strategic: 'devicePath' },
  volumeMounts: { apply: ['mountPath'], strategic: 'mountPath' },
}
const webhooks = { webhooks: byName }
const admissionPolicy = { matchConditions: byName, variables: byName }

/** By type and field. */
const LISTS: Readonly<Record<string, Readonly<Record<string, ListRule>>>> = {
  V1ObjectMeta: {
    finalizers: { apply: [], strategic: '' },
    ownerReferences: { apply: ['uid'], strategic: 'uid' },
  },
  V1PodSpec: {
    containers: byName,
    ephemeralContainers: byName,
    hostAliases: byIp,
    imagePullSecrets: byName,
    initContainers: byName,
    resourceClaims: byName,
    schedulingGates: byName,
    topologySpreadConstraints: { apply: ['topologyKey', 'whenUnsatisfiable'], strategic: 'topologyKey' },
    volumes: byName,
  },
  V1PodStatus: {
    conditions: byType,
    hostIPs: { strategic: 'ip' },
    podIPs: byIp,
    resourceClaimStatuses: byName,
  },
  V1Container: container,
  V1EphemeralContainer: container,
  V1ContainerStatus: {
    allocatedResourcesStatus: byName,
    volumeMounts: { apply: ['mountPath'], strategic: 'mountPath' },
  },
  V1ResourceRequirements: { claims: { apply: ['name'] } },
  V1ResourceStatus: { resources: { apply: ['resourceID'] } },
  V1ServiceSpec: { ports: { apply: ['port', 'protocol'], strategic: 'port' } },
  V1ServiceStatus: { conditions: byType },
  V1ServiceAccount: { secrets: byName },
  V1NodeSpec: { podCIDRs: { apply: [], strategic: '' } },
  V1NodeStatus: { addresses: byType, conditions: byType },
  V1NamespaceStatus: { conditions: byType },
  V1PersistentVolumeClaimStatus: { conditions: byType },
  V1ReplicationControllerStatus: { conditions: byType },
  V1DaemonSetStatus: { conditions: byType },
  V1DeploymentStatus: { conditions: byType },
  V1ReplicaSetStatus: { conditions: byType },
  V1StatefulSetStatus: { conditions: byType },
  V1JobStatus: { conditions: { strategic: 'type' } },
  V1PodFailurePolicyOnExitCodesRequirement: { values: { apply: [] } },
  V1UncountedTerminatedPods: { failed: { apply: [] }, succeeded: { apply: [] } },
  V1PodDisruptionBudgetStatus: { conditions: byType },
  V2HorizontalPodAutoscalerStatus: { conditions: byType },
  V1CertificateSigningRequestStatus: { conditions: { apply: ['type'] } },
  V1CustomResourceDefinitionStatus: { conditions: { apply: ['type'] } },
  V1APIServiceStatus: { conditions: byType },
  V1FlowSchemaStatus: { conditions: byType },
  V1PriorityLevelConfigurationStatus: { conditions: byType },
  V1CSINodeSpec: { drivers: byName },
  V1Endpoint: { addresses: { apply: [] } },
  V1MutatingWebhookConfiguration: webhooks,
  V1ValidatingWebhookConfiguration: webhooks,
  V1MutatingWebhook: { matchConditions: byName },
  V1ValidatingWebhook: { matchConditions: byName },
  V1ValidatingAdmissionPolicySpec: admissionPolicy,
}

/** Types of which apply owns and replaces the whole. */
const ATOMIC_TYPES: ReadonlySet<string> = new Set([
  'V1ConfigMapKeySelector',
  'V1CrossVersionObjectReference',
  'V1EndpointAddress',
  'CoreV1EndpointPort',
  'DiscoveryV1EndpointPort',
  'V1FileKeySelector',
  'V1LabelSelector',
  'V1LocalObjectReference',
  'V1NodeSelector',
  'V1NodeSelectorTerm',
  'V1ObjectFieldSelector',
  'V1ObjectReference',
  'V1ResourceFieldSelector',
  'V1RoleRef',
  'V1ScopeSelector',
  'V1ScopedResourceSelectorRequirement',
  'V1SecretKeySelector',
  'V1SecretReference',
  'V1Subject',
  'V1TopologySelectorTerm',
  'V1TypedLocalObjectReference',
])

/** Maps of which apply owns and replaces the whole, as `type.field`. */
const ATOMIC_MAPS: ReadonlySet<string> = new Set([
  'V1PodSpec.nodeSelector',
  'V1ReplicationControllerSpec.selector',
  'V1Scheduling.nodeSelector',
  'V1ServiceSpec.selector',
])

/** Keys that an item may lack: the schema gives them a value. */
const KEY_DEFAULTS: Readonly<Record<string, string>> = { protocol: 'TCP' }

/** The value of one of the fields that tell an item from others; undefined when the item lacks it. */
export function keyValue(item: Readonly<Record<string, unknown>>, key: string): unknown {
  return item[key] ?? KEY_DEFAULTS[key]
}

/** @param typeName as in schema.ts, such as `V1PodSpec`. */
export function listRule(typeName: string, field: string): ListRule {
  return LISTS[typeName]?.[field] ?? {}
}

export function isAtomicType(typeName: string): boolean {
  return ATOMIC_TYPES.has(typeName)
}

export function isAtomicMap(typeName: string, field: string): boolean {
  return ATOMIC_MAPS.has(`${typeName}.${field}`)
}
