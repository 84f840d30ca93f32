import { Failure } from '../../../failure.ts'
import { checkPreconditions } from '../../store/store-failure.ts'
import type { KubeObject } from '../../store/store.ts'
import { checkAccess } from '../access/access.ts'
import { type Answer, objectAnswer } from '../answer.ts'
import type { ObjectRequest } from '../api-request.ts'
import { createNew } from '../create-new.ts'
import { readObjectBody } from '../read-object-body.ts'
import { receivedObject } from '../received-object.ts'
import { refusal } from '../refusal.ts'
import { replaceObject, type Replacement } from '../replace-object.ts'
import type { ServerParts } from '../server-parts.ts'
import { readWriteOptions } from '../write-options.ts'

/** PUT: the object of the body in the place of the one that is there. */
export async function updateObject(
  parts: ServerParts,
  request: ObjectRequest,
  part: Replacement['part'],
): Promise<Answer> {
  const { kind, namespace, name, incoming } = request
  const body = await readObjectBody(incoming, kind.resource)
  const options = readWriteOptions(request, 'UpdateOptions')
  const value = receivedObject(body, request, name)
  checkNamed(body, name)
  if (
    part === 'object' &&
    kind.updateCreates === true &&
    parts.store.get(kind.resource, { namespace, name }) === undefined
  ) {
    checkAccess(parts.store, request.user, createAttributes(request))
    const { object, warnings } = await createNew(parts, request, { value: withoutIdentity(value), options })
    return objectAnswer(201, object, warnings)
  }
  const { object, warnings } = await replaceObject(parts, request, {
    part,
    options,
    next: (current) => {
      const { uid, resourceVersion = '' } = value.metadata
      if (resourceVersion === '' && kind.updateNeedsVersion === true) throw versionMissing(request)
      checkPreconditions(kind.resource, current, {
        uid: uid === '' ? undefined : uid,
        resourceVersion: resourceVersion === '' ? undefined : resourceVersion,
      })
      return { value }
    },
  })
  return objectAnswer(200, object, warnings)
}

function checkNamed({ metadata }: Readonly<Record<string, unknown>>, name: string): void {
  const { name: inObject = '' } = (metadata ?? {}) as { readonly name?: string }
  if (inObject !== '') return
  throw new Failure(
    'BadRequest',
    `the name of the object (${name} based on URL) was undeterminable: name must be provided`,
  )
}

function versionMissing({ kind, name }: ObjectRequest): Failure {
  // Kubernetes prints the absent version as Go does a number of this type.
  const message = 'Invalid value: 0x0: must be specified for an update'
  return refusal({ ...kind.resource, name }, [
    { field: 'metadata.resourceVersion', message, reason: 'FieldValueInvalid' },
  ])
}

/** Who makes an object by writing to its name must be allowed to create it, too. */
export function createAttributes({ kind, namespace = '', name }: ObjectRequest): Parameters<typeof checkAccess>[2] {
  const { group, version, plural } = kind.resource
  return { verb: 'create', group, version, resource: plural, subresource: '', name, namespace }
}

function withoutIdentity(value: KubeObject): KubeObject {
  const metadata: Record<string, unknown> = { ...value.metadata }
  delete metadata['uid']
  delete metadata['resourceVersion']
  return { ...value, metadata }
}
