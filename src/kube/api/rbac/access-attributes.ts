/** What a request wants to do, as rules speak of it. Source: authorizer.Attributes of k8s.io/apiserver. */
export type AccessAttributes = ResourceAccess | PathAccess

export interface ResourceAccess {
  readonly verb: string
  readonly group: string
  readonly version?: string
  readonly resource: string
  /** '' for the object itself. */
  readonly subresource: string
  /** '' for a whole collection. */
  readonly name: string
  /** '' for all namespaces, and for what is in none. */
  readonly namespace: string
}

/** A document beside the objects, such as `/version`. */
interface PathAccess {
  /** The HTTP method in small letters. */
  readonly verb: string
  readonly path: string
}

/** `pods`, or `pods/log`. */
export function resourceText({ resource, subresource }: ResourceAccess): string {
  return subresource === '' ? resource : `${resource}/${subresource}`
}

/** Why not, in the words of the API server (responsewriters.Forbidden). */
export function refusedAccess(userName: string, wanted: AccessAttributes): string {
  const user = `User ${JSON.stringify(userName)} cannot ${wanted.verb}`
  if ('path' in wanted) return `${user} path ${JSON.stringify(wanted.path)}`
  const where =
    wanted.namespace === '' ? 'at the cluster scope' : `in the namespace ${JSON.stringify(wanted.namespace)}`
  return `${user} resource ${JSON.stringify(resourceText(wanted))} in API group ${JSON.stringify(wanted.group)} ${where}`
}
