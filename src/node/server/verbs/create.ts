import { Failure } from '../../../failure.ts'
import { type Answer, objectAnswer } from '../answer.ts'
import type { ApiRequest } from '../api-request.ts'
import { createNew } from '../create-new.ts'
import { readObjectBody } from '../read-object-body.ts'
import { receivedObject } from '../received-object.ts'
import type { ServerParts } from '../server-parts.ts'
import { readWriteOptions } from '../write-options.ts'

/** How often a generated name may turn out to be taken. */
const NAME_ATTEMPTS = 8

export async function createObject(parts: ServerParts, request: ApiRequest): Promise<Answer> {
  const { kind, incoming } = request
  const body = await readObjectBody(incoming, kind.resource)
  const options = readWriteOptions(request, 'CreateOptions')
  const value = receivedObject(body, request)
  const { name, generateName, resourceVersion } = value.metadata
  if (!isEmpty(resourceVersion)) {
    throw new Failure('BadRequest', 'resourceVersion should not be set on objects to be created')
  }
  const create = async (): Promise<Answer> => {
    const { object, warnings } = await createNew(parts, request, { value, options })
    return objectAnswer(201, object, warnings)
  }
  return isEmpty(name) && !isEmpty(generateName) ? retryTaken(create) : create()
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
