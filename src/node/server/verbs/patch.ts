import { mergePatch } from '../../../kube/api/patch/merge-patch.ts'
import { invalid } from '../../../kube/api/rules/finding.ts'
import { checkPreconditions } from '../../store/store-failure.ts'
import type { KubeObject } from '../../store/store.ts'
import { type Answer, objectAnswer } from '../answer.ts'
import type { ObjectRequest } from '../api-request.ts'
import { isDryRun } from '../dry-run.ts'
import { checkMediaType, parseJsonObject, readBody } from '../read-body.ts'
import { receivedObject } from '../received-object.ts'
import { refusal } from '../refusal.ts'
import { replaceObject, type Replacement } from '../replace-object.ts'
import type { ServerParts } from '../server-parts.ts'

/** PATCH with a JSON merge patch. */
export async function patchObject(
  parts: ServerParts,
  request: ObjectRequest,
  part: Replacement['part'],
): Promise<Answer> {
  const { kind, query, incoming } = request
  checkMediaType(incoming, ['application/merge-patch+json'])
  const dryRun = isDryRun(query.getAll('dryRun'), 'PatchOptions')
  const patch = parseJsonObject(await readBody(incoming), kind.resource.kind)
  const { object, warnings } = await replaceObject(parts, request, {
    part,
    dryRun,
    next: (current) => patched(request, current, patch),
  })
  return objectAnswer(200, object, warnings)
}

function patched(request: ObjectRequest, current: KubeObject, patch: Record<string, unknown>): KubeObject {
  const { resource } = request.kind
  const merged = mergePatch(current, patch) as Record<string, unknown>
  const value = receivedObject(merged, request, request.name)
  const { uid, resourceVersion } = value.metadata
  checkPreconditions(resource, current, { resourceVersion })
  if (uid === current.metadata.uid) return value
  throw refusal({ ...resource, name: request.name }, [invalid('metadata.uid', uid, 'field is immutable')])
}
