import { isDeepStrictEqual } from 'node:util'
import { checkStructure } from '../../../kube/api/check-structure.ts'
import type { Parsed, Problem } from '../../../kube/api/problem.ts'
import { required } from '../../../kube/api/rules/finding.ts'
import { checkMetadata, type NameRule } from '../../../kube/api/rules/metadata.ts'
import { fieldsOf, loadAllTypes } from '../../../kube/api/schema.ts'
import type { KubeObject } from '../../store/store.ts'
import type { Existing, KindRules } from './kind.ts'
import { admitObject, keepServersOwn, replaceStatus, without } from './prepare-object.ts'

type Findings = readonly Problem[]

/** What is peculiar to a kind that is stored as it is sent: everything but the type is optional. */
interface StoredKind<T extends KubeObject> {
  /** The type's name in kube/api/schema.ts. */
  readonly typeName: string
  /** Absent: a DNS subdomain. */
  readonly nameRule?: NameRule
  /** Fills in what is absent. The parts of the object have the right types, but what is required may be missing. */
  readonly fill?: (object: T) => T
  /** What of an update is taken over from the stored object because the client left it out. */
  readonly keep?: (next: T, current: T) => T
  /** What is wrong beside types and metadata. */
  readonly check?: (object: T) => Findings
  readonly checkUpdate?: (next: T, current: T) => Findings
  /** The last step before it is stored: what must be unique among the objects that exist. */
  readonly allocate?: (object: T, existing: Existing, current?: T) => Parsed<T>
  /** The status of a new object, for kinds that have one. `as-sent`: what creates it may also say how it is. */
  readonly firstStatus?: object | 'as-sent'
  /** Counts the changes of everything but metadata and status. */
  readonly hasGeneration?: boolean
}

/** The rules of a kind that is stored as it is sent. */
export async function storedRules<T extends KubeObject>(
  kind: StoredKind<T>,
  existing: Existing,
): Promise<KindRules<T>> {
  if (fieldsOf(kind.typeName) === undefined) await loadAllTypes()
  return {
    seesOthers: kind.allocate !== undefined,

    prepareCreate(value, admission) {
      const sent = kind.firstStatus === 'as-sent' ? value : without(value, 'status')
      const checked = check(kind, sent)
      if (!checked.ok) return checked
      const admitted = admitObject(checked.value, admission)
      const withStatus = typeof kind.firstStatus === 'object' ? { ...admitted, status: kind.firstStatus } : admitted
      const object = kind.hasGeneration === true ? withGeneration(withStatus, 1) : withStatus
      return kind.allocate?.(object, existing) ?? { ok: true, value: object }
    },

    prepareUpdate(value, current) {
      const checked = check(kind, without(value, 'status'), current)
      if (!checked.ok) return checked
      const changes = kind.checkUpdate?.(checked.value, current) ?? []
      if (changes.length > 0) return { ok: false, problems: changes }
      const object = updated(kind, checked.value, current)
      return kind.allocate?.(object, existing, current) ?? { ok: true, value: object }
    },

    prepareStatus: (value, current) =>
      kind.firstStatus === undefined ? { ok: true, value: current } : replaceStatus(value, current, kind.typeName),
  }
}

function check<T extends KubeObject>(kind: StoredKind<T>, value: KubeObject, current?: T): Parsed<T> {
  const structure = checkStructure(value, kind.typeName)
  if (structure.findings.length > 0) return { ok: false, problems: structure.findings }
  const read = structure.value as unknown as T
  const kept = current === undefined ? read : (kind.keep?.(read, current) ?? read)
  const object = kind.fill?.(kept) ?? kept
  const found = [...checkMetadata(object.metadata, 'metadata', kind.nameRule), ...(kind.check?.(object) ?? [])]
  // Most kinds' rules say something about what they need; of the rest the type knows.
  const missing = structure.missing.filter((path) => !isFilled(object, path) && !isReported(path, found))
  const problems = [...found, ...missing.map((path) => required(path))]
  return problems.length > 0 ? { ok: false, problems } : { ok: true, value: object }
}

function updated<T extends KubeObject>({ hasGeneration }: StoredKind<T>, next: T, current: T): T {
  const object = { ...next, metadata: keepServersOwn(next, current), ...statusOf(current) }
  if (hasGeneration !== true) return object
  const isSame = isDeepStrictEqual(without(object, 'metadata'), without(current, 'metadata'))
  return withGeneration(object, (current.metadata.generation ?? 0) + (isSame ? 0 : 1))
}

function statusOf(object: KubeObject & { readonly status?: unknown }): object {
  return object.status === undefined ? {} : { status: object.status }
}

function withGeneration<T extends KubeObject>(object: T, generation: number): T {
  return { ...object, metadata: { ...object.metadata, generation } }
}

/** @param path such as `spec.ports[0].port`. */
function isFilled(object: unknown, path: string): boolean {
  let value = object
  for (const part of path.split(/[.[\]]+/).filter((each) => each !== '')) {
    value = (value as Readonly<Record<string, unknown>> | undefined)?.[part]
  }
  return value !== undefined
}

function isReported(path: string, problems: Findings): boolean {
  return problems.some(({ field }) => field === path || field.startsWith(`${path}.`) || path.startsWith(`${field}.`))
}
