import { fieldsOf, type FieldType, KINDS } from '../../../../kube/api/schema.ts'

/** Types that all groups share. Every other type that core kinds hold is a core type. */
const META_TYPES = [
  'V1Condition',
  'V1DeleteOptions',
  'V1LabelSelector',
  'V1LabelSelectorRequirement',
  'V1ListMeta',
  'V1ManagedFieldsEntry',
  'V1ObjectMeta',
  'V1OwnerReference',
  'V1Preconditions',
  'V1Status',
  'V1StatusCause',
  'V1StatusDetails',
]

/** What Kubernetes calls types in its OpenAPI documents: `V1Pod` → `io.k8s.api.core.v1.Pod`. */
export class ComponentNames {
  readonly #coreTypes = reachableTypes(Object.values(KINDS['v1'] ?? {}))

  /** @param groupVersion of the kind that holds the type. */
  nameOf(typeName: string, groupVersion: string): string {
    const name = typeName.replace(/^\w*?V\d+(?:(?:alpha|beta)\d+)?/, '')
    if (META_TYPES.includes(typeName)) return `io.k8s.apimachinery.pkg.apis.meta.v1.${name}`
    const [group = '', version] = groupVersion.split('/')
    if (version === undefined || this.#coreTypes.has(typeName)) return `io.k8s.api.core.v1.${name}`
    return `io.k8s.api.${group.replace(/\..*/, '')}.${version}.${name}`
  }
}

/** The types and all that can be reached from them. All types must be loaded. */
export function reachableTypes(roots: readonly string[]): ReadonlySet<string> {
  const reached = new Set<string>()
  const waiting = [...roots]
  for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
    const fields = fieldsOf(name)
    if (fields === undefined || reached.has(name)) continue
    reached.add(name)
    for (const { type } of fields.values()) waiting.push(...objectIn(type))
  }
  return reached
}

function objectIn(type: FieldType): string[] {
  if (type.is === 'object') return [type.name]
  return type.is === 'scalar' ? [] : objectIn(type.of)
}
