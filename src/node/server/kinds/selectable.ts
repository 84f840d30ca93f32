import type { KubeObject } from '../../store/store.ts'
import type { Kind } from './kind.ts'

type Fields<T> = Readonly<Record<string, (object: T) => string | undefined>>

/** What a kind declares about field selectors, from one function for each field that objects can be selected by. */
export function selectable<T extends KubeObject>(
  fields: Fields<T> = {},
): Pick<Kind<T>, 'selectableFields' | 'fieldValue'> {
  return {
    selectableFields: Object.keys(fields),
    fieldValue: (object, field) => fields[field]?.(object) ?? '',
  }
}
