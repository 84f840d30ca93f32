import { Failure } from '../../../failure.ts'
import { NAMESPACES } from '../../store/resources.ts'
import { notFound } from '../../store/store-failure.ts'
import type { KubeObject } from '../../store/store.ts'
import { type Answer, objectAnswer } from '../answer.ts'
import type { ApiRequest } from '../api-request.ts'
import { isDryRun } from '../dry-run.ts'
import { prepareValidated } from '../field-validation.ts'
import type { KindRules } from '../kinds/kind.ts'
import { checkMediaType, parseJsonObject, readBody } from '../read-body.ts'
import { receivedObject } from '../received-object.ts'
import type { ServerParts } from '../server-parts.ts'

/** How often a generated name may turn out to be taken. */
const NAME_ATTEMPTS = 8

export async function createObject(parts: ServerParts, request: ApiRequest): Promise<Answer> {
  const { kind, namespace, query, incoming } = request
  checkMediaType(incoming, ['application/json'])
  const dryRun = isDryRun(query.getAll('dryRun'), 'CreateOptions')
  const value = receivedObject(parseJsonObject(await readBody(incoming), kind.resource.kind), request)
  if ((value.metadata.resourceVersion ?? '') !== '') {
    throw new Failure('BadRequest', 'resourceVersion should not be set on objects to be created')
  }
  const rules = await kind.rules(parts.store)
  if (namespace !== undefined && parts.store.get(NAMESPACES, { name: namespace }) === undefined) {
    throw notFound(NAMESPACES, namespace)
  }
  const create = (): Promise<Answer> => createOnce(parts, { request, rules, value, dryRun })
  return isEmpty(value.metadata.name) && !isEmpty(value.metadata.generateName) ? retryTaken(create) : create()
}

interface Creation {
  readonly request: ApiRequest
  readonly rules: KindRules<KubeObject>
  readonly value: KubeObject
  readonly dryRun: boolean
}

async function createOnce(parts: ServerParts, { request, rules, value, dryRun }: Creation): Promise<Answer> {
  const { store, ids, clock, nodeName } = parts
  const admission = { uid: ids.uid(), nowMs: clock.nowMs(), nameSuffix: ids.nameSuffix(), nodeName }
  const { object, warnings } = prepareValidated(request, value, (each) => rules.prepareCreate(each, admission))
  const { resource } = request.kind
  return objectAnswer(201, dryRun ? object : await store.create(resource, object), warnings)
}

async function retryTaken(create: () => Promise<Answer>): Promise<Answer> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await create()
    } catch (thrown) {
      const isTaken = thrown instanceof Failure && thrown.reason === 'AlreadyExists'
      if (!isTaken || attempt === NAME_ATTEMPTS) throw thrown
    }
  }
}

function isEmpty(text: string | undefined): boolean {
  return text === undefined || text === ''
}
