import type { Failure } from '../../failure.ts'
import type { Parsed, Problem } from '../../kube/api/problem.ts'
import type { KubeObject } from '../store/store.ts'
import type { ApiRequest } from './api-request.ts'
import { refusal, unknownField } from './refusal.ts'
import type { FieldValidation } from './write-options.ts'

/** What a client is told whose object has problems. */
export type Refuse = (problems: readonly Problem[]) => Failure

interface Preparation<T extends KubeObject> {
  readonly level: FieldValidation
  readonly prepare: (value: KubeObject) => Parsed<T>
  /** Absent: as of an object that came whole. */
  readonly refuse?: Refuse | undefined
}

/**
 * Prepares what a client sent. What unknown fields do is the client's choice by `fieldValidation`: an error (`Strict`),
 * a warning (`Warn`, Kubernetes' default) or nothing (`Ignore`); in the latter two they are left out.
 *
 * @throws Failure BadRequest, Invalid
 */
export function prepareValidated<T extends KubeObject>(
  request: ApiRequest,
  value: KubeObject,
  { level, prepare, refuse }: Preparation<T>,
): { readonly object: T; readonly warnings: readonly string[] } {
  const first = prepare(value)
  if (first.ok) return { object: first.value, warnings: [] }
  const unknown = first.problems.filter(({ reason }) => reason === 'UnknownField')
  const { group, version, kind } = request.kind.resource
  const refused = (problems: readonly Problem[]): Failure =>
    refuse?.(problems) ?? refusal({ group, version, kind, name: value.metadata.name ?? '' }, problems)
  if (level === 'Strict' || unknown.length === 0) throw refused(first.problems)
  const second = prepare(withoutFields(value, unknown))
  if (!second.ok) throw refused(second.problems)
  return { object: second.value, warnings: level === 'Ignore' ? [] : unknown.map(unknownField) }
}

function withoutFields(value: KubeObject, unknown: readonly Problem[]): KubeObject {
  const copy = structuredClone(value)
  for (const { field } of unknown) removeField(copy, field)
  return copy
}

/** @param path such as `spec.containers[1].imag`; the last part may itself contain dots. */
function removeField(value: unknown, path: string): void {
  if (typeof value !== 'object' || value === null) return
  if (Object.hasOwn(value, path)) {
    Reflect.deleteProperty(value, path)
    return
  }
  const [, name = '', rest = ''] = /^\[?([^.[\]]+)\]?\.?(.*)$/s.exec(path) ?? []
  if (rest !== '') removeField((value as Record<string, unknown>)[name], rest)
}
