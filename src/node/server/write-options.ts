import type { Problem } from '../../kube/api/problem.ts'
import { forbidden, invalid, notSupported, required, tooLong } from '../../kube/api/rules/finding.ts'
import type { ApiRequest } from './api-request.ts'
import { isDryRun } from './dry-run.ts'
import { refusal } from './refusal.ts'

/** What happens to fields that no type knows. */
export type FieldValidation = 'Ignore' | 'Strict' | 'Warn'

/** What the query of a request that writes says. */
export interface WriteOptions {
  readonly dryRun: boolean
  readonly fieldValidation: FieldValidation
  /** Who writes, as `metadata.managedFields` names them. */
  readonly manager: string
  /** Apply only: take fields from others who own them. */
  readonly force: boolean
}

const LONGEST_MANAGER_BYTES = 128
const FIELD_VALIDATIONS = ['', 'Ignore', 'Strict', 'Warn']

/**
 * @param type of the parameters in Kubernetes, such as `CreateOptions`.
 * @throws Failure Invalid
 */
export function readWriteOptions(
  { query, incoming }: ApiRequest,
  type: 'CreateOptions' | 'UpdateOptions' | 'PatchOptions',
  { isApply = false }: { readonly isApply?: boolean } = {},
): WriteOptions {
  const manager = query.get('fieldManager') ?? ''
  const fieldValidation = query.get('fieldValidation') ?? ''
  const force = query.get('force')
  const problems: Problem[] = [
    ...(type === 'PatchOptions' && !isApply && force !== null
      ? [forbidden('force', 'may not be specified for non-apply patch')]
      : []),
    ...(isApply && manager === '' ? [required('fieldManager', 'is required for apply patch')] : []),
    ...checkManager(manager),
    ...(FIELD_VALIDATIONS.includes(fieldValidation)
      ? []
      : [notSupported('fieldValidation', fieldValidation, FIELD_VALIDATIONS)]),
  ]
  if (problems.length > 0) throw refusal({ group: 'meta.k8s.io', version: 'v1', kind: type, name: '' }, problems)
  return {
    dryRun: isDryRun(query.getAll('dryRun'), type),
    fieldValidation: fieldValidation === '' ? 'Warn' : (fieldValidation as FieldValidation),
    manager: manager === '' ? managerOf(incoming.headers['user-agent'] ?? '') : manager,
    force: force === 'true' || force === '1',
  }
}

function checkManager(manager: string): Problem[] {
  const problems: Problem[] =
    Buffer.byteLength(manager) > LONGEST_MANAGER_BYTES ? [tooLong('fieldManager', LONGEST_MANAGER_BYTES)] : []
  const characters = Array.from(manager)
  const at = characters.findIndex((character) => !isPrintable(character))
  if (at === -1) return problems
  const code = characters[at]?.codePointAt(0)?.toString(16).toUpperCase().padStart(4, '0') ?? ''
  return [...problems, invalid('fieldManager', manager, `invalid character U+${code} (at position ${at})`)]
}

/** `kubectl/v1.33.0 (linux/amd64) …` → `kubectl`. */
function managerOf(userAgent: string): string {
  const name = Array.from(userAgent.split('/')[0] ?? '')
    .filter(isPrintable)
    .join('')
    .slice(0, LONGEST_MANAGER_BYTES)
  return name === '' ? 'unknown' : name
}

function isPrintable(character: string): boolean {
  return /[\p{L}\p{M}\p{N}\p{P}\p{S} ]/u.test(character)
}
