import { notFound } from '../../store/store-failure.ts'
import { type Answer, jsonAnswer } from '../answer.ts'
import { answerForm } from '../answer-form.ts'
import type { ObjectRequest } from '../api-request.ts'
import type { ServerParts } from '../server-parts.ts'

export async function getObject({ store, clock }: ServerParts, request: ObjectRequest): Promise<Answer> {
  const { kind, namespace, name } = request
  const form = await answerForm(request, 'one', () => clock.nowMs())
  const object = store.get(kind.resource, { namespace, name })
  if (object === undefined) throw notFound(kind.resource, name)
  return jsonAnswer(200, form.one(object))
}
