import { Failure } from '../../failure.ts'
import type { Problem } from '../../kube/api/problem.ts'
import { invalid, notSupported } from '../../kube/api/rules/finding.ts'
import type { Propagation } from '../store/propagation.ts'
import type { Preconditions } from '../store/store.ts'
import type { ApiRequest } from './api-request.ts'
import { isDryRun } from './dry-run.ts'
import { isSet, numberParameter } from './number-parameter.ts'
import { readOptionalObjectBody } from './read-object-body.ts'
import { refusal } from './refusal.ts'

export interface DeleteOptions {
  readonly graceSeconds: number | undefined
  readonly preconditions: Preconditions
  readonly propagation: Propagation | undefined
  readonly dryRun: boolean
}

const POLICIES: readonly string[] = ['Foreground', 'Background', 'Orphan'] satisfies readonly Propagation[]

/**
 * The options of a delete request: in its body as DeleteOptions or, without one, in its query.
 *
 * @throws Failure BadRequest, Invalid
 */
export async function readDeleteOptions({ incoming, query }: ApiRequest): Promise<DeleteOptions> {
  const body = await readOptionalObjectBody(incoming, { group: '', version: 'v1', kind: 'DeleteOptions' })
  if (body === undefined) {
    return checkedOptions({
      gracePeriodSeconds: numberParameter(query, 'gracePeriodSeconds'),
      propagationPolicy: query.get('propagationPolicy') ?? undefined,
      orphanDependents: query.has('orphanDependents') ? isSet(query, 'orphanDependents') : undefined,
      dryRun: query.getAll('dryRun'),
    })
  }
  const { kind = 'DeleteOptions' } = body
  if (kind !== 'DeleteOptions') throw new Failure('BadRequest', 'decoded object cannot be converted to DeleteOptions')
  return checkedOptions({ ...body, dryRun: body['dryRun'] ?? query.getAll('dryRun') })
}

/**
 * DeleteOptions as they stand in JSON; what they have beside is not heard, as in Kubernetes.
 *
 * @throws Failure BadRequest, Invalid
 */
export function checkedOptions(body: Readonly<Record<string, unknown>>): DeleteOptions {
  const { gracePeriodSeconds: grace, preconditions, propagationPolicy, orphanDependents, dryRun } = body
  if (!isAbsent(grace) && !Number.isSafeInteger(grace)) throw wrong('gracePeriodSeconds', grace)
  if (!isAbsent(dryRun) && !isListOfTexts(dryRun)) throw wrong('dryRun', dryRun)
  if (!isAbsent(propagationPolicy) && typeof propagationPolicy !== 'string') {
    throw wrong('propagationPolicy', propagationPolicy)
  }
  if (!isAbsent(orphanDependents) && typeof orphanDependents !== 'boolean') {
    throw wrong('orphanDependents', orphanDependents)
  }
  checkPropagation(propagationPolicy ?? undefined, orphanDependents ?? undefined)
  return {
    // Less than nothing means as little as there is, not at once.
    graceSeconds: typeof grace === 'number' ? (grace < 0 ? 1 : grace) : undefined,
    preconditions: readPreconditions(preconditions),
    propagation: propagationOf(propagationPolicy ?? undefined, orphanDependents ?? undefined),
    dryRun: isAbsent(dryRun) ? false : isDryRun(dryRun, 'DeleteOptions'),
  }
}

/** Source: ValidateDeleteOptions of k8s.io/apimachinery/pkg/apis/meta/v1/validation. */
function checkPropagation(policy: string | undefined, orphan: boolean | undefined): void {
  const problems: Problem[] = []
  if (policy !== undefined && orphan !== undefined) {
    problems.push(invalid('propagationPolicy', policy, 'orphanDependents and deletionPropagation cannot be both set'))
  }
  if (policy !== undefined && !POLICIES.includes(policy)) {
    problems.push(notSupported('propagationPolicy', policy, [...POLICIES, 'nil']))
  }
  if (problems.length > 0) {
    throw refusal({ group: 'meta.k8s.io', version: 'v1', kind: 'DeleteOptions', name: '' }, problems)
  }
}

function propagationOf(policy: string | undefined, orphan: boolean | undefined): Propagation | undefined {
  if (orphan !== undefined) return orphan ? 'Orphan' : 'Background'
  return policy as Propagation | undefined
}

function readPreconditions(value: unknown): Preconditions {
  if (isAbsent(value)) return {}
  if (typeof value !== 'object') throw wrong('preconditions', value)
  const { uid, resourceVersion } = value as Record<string, unknown>
  for (const [name, text] of Object.entries({ uid, resourceVersion })) {
    if (!isAbsent(text) && typeof text !== 'string') throw wrong(`preconditions.${name}`, text)
  }
  return {
    uid: typeof uid === 'string' ? uid : undefined,
    resourceVersion: typeof resourceVersion === 'string' ? resourceVersion : undefined,
  }
}

function isAbsent(value: unknown): value is undefined | null {
  return value === undefined || value === null
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
