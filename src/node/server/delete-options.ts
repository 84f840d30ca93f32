import { Failure } from '../../failure.ts'
import type { Preconditions } from '../store/store.ts'
import type { ApiRequest } from './api-request.ts'
import { isDryRun } from './dry-run.ts'
import { numberParameter } from './number-parameter.ts'
import { checkMediaType, parseJsonObject, readBody } from './read-body.ts'

export interface DeleteOptions {
  readonly graceSeconds: number | undefined
  readonly preconditions: Preconditions
  readonly dryRun: boolean
}

/** The options of a delete request: in its body as DeleteOptions or, without one, in its query. @throws Failure BadRequest */
export async function readDeleteOptions({ incoming, query }: ApiRequest): Promise<DeleteOptions> {
  const text = await readBody(incoming)
  if (text === '') {
    const dryRun = isDryRun(query.getAll('dryRun'), 'DeleteOptions')
    return { graceSeconds: numberParameter(query, 'gracePeriodSeconds'), preconditions: {}, dryRun }
  }
  checkMediaType(incoming, ['application/json'])
  const body = parseJsonObject(text, 'DeleteOptions')
  const { gracePeriodSeconds: grace, preconditions, dryRun = query.getAll('dryRun') } = body
  if (grace !== undefined && grace !== null && !Number.isSafeInteger(grace)) throw wrong('gracePeriodSeconds', grace)
  if (!isListOfTexts(dryRun)) throw wrong('dryRun', dryRun)
  return {
    graceSeconds: typeof grace === 'number' ? grace : undefined,
    preconditions: readPreconditions(preconditions),
    dryRun: isDryRun(dryRun, 'DeleteOptions'),
  }
}

function readPreconditions(value: unknown): Preconditions {
  if (value === undefined || value === null) return {}
  if (typeof value !== 'object') throw wrong('preconditions', value)
  const { uid, resourceVersion } = value as Record<string, unknown>
  for (const [name, text] of Object.entries({ uid, resourceVersion })) {
    if (text !== undefined && typeof text !== 'string') throw wrong(`preconditions.${name}`, text)
  }
  return { uid: uid as string | undefined, resourceVersion: resourceVersion as string | undefined }
}

function isListOfTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string')
}

function wrong(field: string, value: unknown): Failure {
  return new Failure(
    'BadRequest',
    `DeleteOptions in version "v1" cannot be handled as a DeleteOptions: ${field}: wrong type; got ${JSON.stringify(value)}`,
  )
}
