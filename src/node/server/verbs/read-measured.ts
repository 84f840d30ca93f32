import { Failure } from '../../../failure.ts'
import { notFound } from '../../store/store-failure.ts'
import { type Answer, jsonAnswer } from '../answer.ts'
import { answerForm } from '../answer-form.ts'
import type { ApiRequest } from '../api-request.ts'
import { isSet } from '../number-parameter.ts'
import { parseSelection } from '../selection.ts'
import type { ServerParts } from '../server-parts.ts'
import { methodNotAllowed } from '../status.ts'

/** Objects that are made of what is measured now. @param name of the one that is wanted; absent: a list of all. */
export async function readMeasured(parts: ServerParts, request: ApiRequest, name: string | undefined): Promise<Answer> {
  const { store, usage, clock } = parts
  const { kind, namespace, query } = request
  const { measured } = kind
  if (measured === undefined || isSet(query, 'watch')) throw methodNotAllowed()
  if (usage === undefined) throw new Failure('ServiceUnavailable', 'this server does not measure what pods use')
  const form = await answerForm(request, name === undefined ? 'list' : 'one', () => clock.nowMs())
  if (name === undefined) {
    const { items } = store.list(measured.of, parseSelection(request))
    return jsonAnswer(200, form.list(await measured.measure(usage, items, parts), {}))
  }
  const fullName = namespace === undefined ? name : `${namespace}/${name}`
  const object = store.get(measured.of, { namespace, name })
  if (object === undefined) throw notFound(measured.of, fullName)
  const [found] = await measured.measure(usage, [object], parts)
  if (found === undefined) throw notFound({ ...kind.resource, plural: measured.plural }, fullName)
  return jsonAnswer(200, form.one(found))
}
