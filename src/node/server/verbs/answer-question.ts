import { checkStructure } from '../../../kube/api/check-structure.ts'
import type { Parsed } from '../../../kube/api/problem.ts'
import { required } from '../../../kube/api/rules/finding.ts'
import { fieldsOf, loadAllTypes } from '../../../kube/api/schema.ts'
import type { KubeObject } from '../../store/store.ts'
import { type Answer, objectAnswer } from '../answer.ts'
import type { ApiRequest } from '../api-request.ts'
import { prepareValidated } from '../field-validation.ts'
import { readObjectBody } from '../read-object-body.ts'
import { receivedObject } from '../received-object.ts'
import type { ServerParts } from '../server-parts.ts'
import { methodNotAllowed } from '../status.ts'
import { readWriteOptions } from '../write-options.ts'

/** Creating a question is answered with the question and its answer. */
export async function answerQuestion(parts: ServerParts, request: ApiRequest): Promise<Answer> {
  const { kind, incoming } = request
  if (kind.answer === undefined) throw methodNotAllowed()
  const body = await readObjectBody(incoming, kind.resource)
  const options = readWriteOptions(request, 'CreateOptions')
  const typeName = `V1${kind.resource.kind}`
  if (fieldsOf(typeName) === undefined) await loadAllTypes()
  const value = receivedObject(body, request)
  const { object, warnings } = prepareValidated(request, value, {
    level: options.fieldValidation,
    prepare: (each) => checkQuestion(each, typeName),
  })
  return objectAnswer(201, kind.answer(object, request, parts), warnings)
}

function checkQuestion(value: KubeObject, typeName: string): Parsed<KubeObject> {
  const { findings, missing, value: checked } = checkStructure(value, typeName)
  // What an answer has to have says nothing about a question: clients send it with an empty status.
  const asked = missing.filter((path) => path.split('.')[0] !== 'status')
  const problems = [...findings, ...asked.map((path) => required(path))]
  return problems.length > 0 ? { ok: false, problems } : { ok: true, value: checked as unknown as KubeObject }
}
