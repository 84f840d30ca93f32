import { Failure } from '../../failure.ts'
import type { KubeObject, Preconditions, Resource } from './store.ts'

/** As Kubernetes names a resource in its sentences: `pods`, `deployments.apps`. */
function qualifiedName(resource: Resource): string {
  return resource.group === '' ? resource.plural : `${resource.plural}.${resource.group}`
}

function detailsOf(resource: Resource, name: string): Record<string, unknown> {
  return { name, ...(resource.group === '' ? {} : { group: resource.group }), kind: resource.plural }
}

export function notFound(resource: Resource, name: string): Failure {
  return new Failure('NotFound', `${qualifiedName(resource)} "${name}" not found`, {
    details: detailsOf(resource, name),
  })
}

export function alreadyExists(resource: Resource, name: string): Failure {
  return new Failure('AlreadyExists', `${qualifiedName(resource)} "${name}" already exists`, {
    details: detailsOf(resource, name),
  })
}

function conflict(resource: Resource, name: string, why: string): Failure {
  return new Failure('Conflict', `Operation cannot be fulfilled on ${qualifiedName(resource)} "${name}": ${why}`, {
    details: detailsOf(resource, name),
  })
}

const WAS_MODIFIED = 'the object has been modified; please apply your changes to the latest version and try again'

export function expired(asked: string, oldest: number): Failure {
  return new Failure('Expired', `too old resource version: ${asked} (${oldest})`)
}

/** @throws Failure Conflict */
export function checkPreconditions(resource: Resource, current: KubeObject, expected: Preconditions): void {
  const { name = '', uid, resourceVersion } = current.metadata
  if (expected.uid !== undefined && expected.uid !== uid) {
    throw conflict(
      resource,
      name,
      `Precondition failed: UID in precondition: ${expected.uid}, UID in object meta: ${uid ?? ''}`,
    )
  }
  if (expected.resourceVersion !== undefined && expected.resourceVersion !== resourceVersion) {
    throw conflict(resource, name, WAS_MODIFIED)
  }
}
