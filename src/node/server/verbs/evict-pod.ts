import { Failure } from '../../../failure.ts'
import { type Answer, statusAnswer } from '../answer.ts'
import type { ObjectRequest } from '../api-request.ts'
import { deleteOne } from '../delete-one.ts'
import { checkedOptions } from '../delete-options.ts'
import { isDryRun } from '../dry-run.ts'
import { readObjectBody } from '../read-object-body.ts'
import type { ServerParts } from '../server-parts.ts'

const VERSIONS: readonly unknown[] = ['policy/v1', 'policy/v1beta1']

/** POST of a policy/v1 Eviction: the pod is deleted as its options say. There are no disruption budgets to ask. */
export async function evictPod(parts: ServerParts, request: ObjectRequest): Promise<Answer> {
  const { kind, namespace, name, query, incoming } = request
  const eviction = await readObjectBody(incoming, { group: 'policy', version: 'v1', kind: 'Eviction' })
  const { apiVersion = 'policy/v1', kind: given = 'Eviction', metadata, deleteOptions } = eviction
  if (given !== 'Eviction' || !VERSIONS.includes(apiVersion)) {
    throw new Failure(
      'BadRequest',
      `${String(given)} in version ${JSON.stringify(apiVersion)} cannot be handled as an Eviction`,
    )
  }
  const meant = isRecord(metadata) ? metadata['name'] : undefined
  if (meant !== undefined && meant !== '' && meant !== name) {
    throw new Failure('BadRequest', 'name in URL does not match name in Eviction object')
  }
  const options = checkedOptions(isRecord(deleteOptions) ? deleteOptions : {})
  const dryRun = options.dryRun || isDryRun(query.getAll('dryRun'), 'CreateOptions')
  await deleteOne(parts, { kind, key: { namespace, name } }, { ...options, dryRun })
  return statusAnswer(201, { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', code: 201 })
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
