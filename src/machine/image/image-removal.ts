import { Failure } from '../../failure.ts'
import { type ImageIndex, type ImageRecord, namesOf, recordNamed, recordsById, recordsWithId } from './image-index.ts'
import { identityOf, parseReference } from './reference.ts'

/** What became of an image that was asked away. */
export interface Removal {
  /** Names that were taken off. */
  readonly untagged: readonly string[]
  /** IDs of images that are gone. */
  readonly deleted: readonly string[]
}

export interface PlannedRemoval extends Removal {
  readonly index: ImageIndex
}

/**
 * What to take away: a name comes off; with the last name, or by ID, the image goes.
 *
 * @param options.force an ID takes away an image of several names.
 * @param options.inUse IDs of images that containers stand on.
 * @throws Failure NotFound | Conflict | ImageInUse
 */
export function planRemoval(
  index: ImageIndex,
  nameOrId: string,
  options: { readonly force: boolean; readonly inUse: ReadonlySet<string> },
): PlannedRemoval {
  const name = nameIn(index, nameOrId)
  const records = name === undefined ? recordsMeant(index, nameOrId) : []
  const names = name === undefined ? namesOf(index, records) : [name]
  if (names.length > 1 && !options.force) {
    throw new Failure(
      'Conflict',
      `remove image "${nameOrId}": it has several names (${names.join(', ')}); remove them one by one, or use --force`,
    )
  }
  return removeNames(index, { names, records, inUse: options.inUse, what: `remove image "${nameOrId}"` })
}

/**
 * @param which `dangling`: images that lost their last name to another image; `all`: whatever no container stands on.
 */
export function planPrune(index: ImageIndex, which: 'dangling' | 'all', inUse: ReadonlySet<string>): PlannedRemoval {
  const isWanted = (same: readonly ImageRecord[]) => which === 'all' || namesOf(index, same).length === 0
  const ids = [...recordsById(index)].filter(([, same]) => isWanted(same)).map(([id]) => id)
  return planRemovalOf(index, new Set(ids), inUse)
}

/** Takes away all of these images that no container stands on, with all their names. */
export function planRemovalOf(index: ImageIndex, ids: ReadonlySet<string>, inUse: ReadonlySet<string>): PlannedRemoval {
  const records = Object.values(index.records).filter(({ id }) => ids.has(id) && !inUse.has(id))
  return removeNames(index, { names: namesOf(index, records), records, inUse, what: 'remove images' })
}

interface RemovalStep {
  readonly names: readonly string[]
  /** These go in any case. */
  readonly records: readonly ImageRecord[]
  readonly inUse: ReadonlySet<string>
  readonly what: string
}

function removeNames(index: ImageIndex, step: RemovalStep): PlannedRemoval {
  const names = Object.fromEntries(Object.entries(index.names).filter(([name]) => !step.names.includes(name)))
  const nameless = step.names
    .map((name) => recordNamed(index, name))
    .filter((record) => record !== undefined)
    .filter((record) => !Object.values(names).includes(record.manifest.digest))
  const gone = new Set([...step.records, ...nameless])
  const used = [...gone].find((record) => step.inUse.has(record.id))
  if (used !== undefined) {
    throw new Failure('ImageInUse', `${step.what}: a container uses ${used.id}; remove the container first`)
  }
  const records = Object.fromEntries(Object.entries(index.records).filter(([, record]) => !gone.has(record)))
  const left = new Set(Object.values(records).map((record) => record.id))
  const deleted = [...new Set([...gone].map((record) => record.id))].filter((id) => !left.has(id))
  return { index: { names, records }, untagged: step.names, deleted }
}

/** The name that is meant, when it is one. */
function nameIn(index: ImageIndex, nameOrId: string): string | undefined {
  const identity = identityIn(nameOrId)
  return identity !== undefined && index.names[identity] !== undefined ? identity : undefined
}

/** By ID, the beginning of an ID, or a digest that a pulled tag resolved to. */
function recordsMeant(index: ImageIndex, nameOrId: string): ImageRecord[] {
  const identity = identityIn(nameOrId)
  const named = identity === undefined ? undefined : recordNamed(index, identity)
  if (named !== undefined) return [named]
  const records = recordsWithId(index, nameOrId)
  const ids = new Set(records.map((record) => record.id))
  if (ids.size === 1) return records
  if (ids.size === 0) throw new Failure('NotFound', `remove image "${nameOrId}": no such image is on this machine`)
  throw new Failure('Conflict', `remove image "${nameOrId}": several images begin so: ${[...ids].join(', ')}`)
}

function identityIn(nameOrId: string): string | undefined {
  try {
    return identityOf(parseReference(nameOrId))
  } catch (error) {
    // A whole ID is no reference, and may be meant all the same.
    if (error instanceof Failure && /^(?:sha256:)?[0-9a-f]{64}$/.test(nameOrId)) return undefined
    throw error
  }
}
