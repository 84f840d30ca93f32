import { Failure } from '../../../failure.ts'
import { jsonOf } from '../../store/object-json.ts'
import type { KubeObject } from '../../store/store.ts'
import { type Answer, jsonAnswer } from '../answer.ts'
import type { ApiRequest } from '../api-request.ts'
import { readDeleteOptions } from '../delete-options.ts'
import { deleteOne } from '../delete-one.ts'
import { parseSelection } from '../selection.ts'
import type { ServerParts } from '../server-parts.ts'

/** Deletes what a list with the same selectors would show, and answers with that list. */
export async function deleteCollection(parts: ServerParts, request: ApiRequest): Promise<Answer> {
  const { resource } = request.kind
  const selection = parseSelection(request)
  const options = await readDeleteOptions(request)
  const { items, resourceVersion } = parts.store.list(resource, selection)
  const deleted = await Promise.all(
    items.map(async (object): Promise<KubeObject> => {
      const { namespace, name = '' } = object.metadata
      try {
        return (await deleteOne(parts, { kind: request.kind, key: { namespace, name } }, options)).object
      } catch (thrown) {
        // Somebody else was faster: it is gone, which is what was asked for.
        if (thrown instanceof Failure && thrown.reason === 'NotFound') return object
        throw thrown
      }
    }),
  )
  const apiVersion = resource.group === '' ? resource.version : `${resource.group}/${resource.version}`
  const head = JSON.stringify({ kind: `${resource.kind}List`, apiVersion, metadata: { resourceVersion } })
  return jsonAnswer(200, `${head.slice(0, -1)},"items":[${deleted.map(jsonOf).join(',')}]}`)
}
