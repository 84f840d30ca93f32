import { Failure } from '../../../failure.ts'
import type { KubeObject } from '../../store/store.ts'
import { type Answer, jsonAnswer } from '../answer.ts'
import { objectForm } from '../answer-form.ts'
import type { ApiRequest } from '../api-request.ts'
import { deleteOne } from '../delete-one.ts'
import { readDeleteOptions } from '../delete-options.ts'
import { readPage } from '../read-page.ts'
import type { ServerParts } from '../server-parts.ts'

/** Deletes what a list with the same parameters would show, and answers with that list. */
export async function deleteCollection(parts: ServerParts, request: ApiRequest): Promise<Answer> {
  const options = await readDeleteOptions(request)
  const page = readPage(parts.store, request)
  if (page.is === 'too-old') return page.answer
  const deleted = await Promise.all(
    page.items.map(async (object): Promise<KubeObject> => {
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
  return jsonAnswer(200, objectForm(request.kind.resource).list(deleted, page.metadata))
}
