import { Failure, messageOf } from '../../../failure.ts'
import { applyJsonPatch, readJsonPatch } from '../../../kube/api/patch/json-patch.ts'
import { goText } from '../../../kube/api/patch/go-text.ts'
import { isJsonObject, type JsonObject } from '../../../kube/api/patch/json-value.ts'
import { mergePatch } from '../../../kube/api/patch/merge-patch.ts'
import { typeNameOf } from '../../../kube/api/patch/shape.ts'
import { strategicMergePatch } from '../../../kube/api/patch/strategic-merge-patch.ts'
import { checkPreconditions } from '../../store/store-failure.ts'
import { invalid } from '../../../kube/api/rules/finding.ts'
import type { KubeObject } from '../../store/store.ts'
import { type Answer, objectAnswer } from '../answer.ts'
import type { ObjectRequest } from '../api-request.ts'
import { patchRefusal } from '../patch-refusal.ts'
import { mediaTypeOf, readBody, unsupportedMediaType } from '../read-body.ts'
import { receivedObject } from '../received-object.ts'
import { refusal } from '../refusal.ts'
import { replaceObject, type Replacement, type Wanted } from '../replace-object.ts'
import type { ServerParts } from '../server-parts.ts'
import { readWriteOptions, type WriteOptions } from '../write-options.ts'

const JSON_PATCH = 'application/json-patch+json'
const MERGE_PATCH = 'application/merge-patch+json'
const STRATEGIC_PATCH = 'application/strategic-merge-patch+json'
const APPLY_PATCH = 'application/apply-patch+yaml'
const ACCEPTED = [JSON_PATCH, MERGE_PATCH, STRATEGIC_PATCH, APPLY_PATCH]

/** PATCH in all its types. */
export async function patchObject(
  parts: ServerParts,
  request: ObjectRequest,
  part: Replacement['part'],
): Promise<Answer> {
  const type = patchType(request)
  const options = readWriteOptions(request, 'PatchOptions', { isApply: type === APPLY_PATCH })
  const text = (await readBody(request.incoming)).toString()
  if (type === APPLY_PATCH) {
    const { applyPatch } = await import('./apply.ts')
    return applyPatch(parts, request, { part, options, text })
  }
  const patch = readPatch(type, text, typeNameOf(apiVersionOf(request), request.kind.resource.kind))
  const { object, warnings } = await replaceObject(parts, request, {
    part,
    options,
    next: (current) => wantedBy(patch, { request, options, current }),
  })
  return objectAnswer(200, object, warnings)
}

function patchType({ incoming }: ObjectRequest): string {
  const given = mediaTypeOf(incoming) ?? ''
  if (ACCEPTED.includes(given)) return given
  throw unsupportedMediaType(ACCEPTED)
}

function apiVersionOf({ kind: { resource } }: ObjectRequest): string {
  return resource.group === '' ? resource.version : `${resource.group}/${resource.version}`
}

interface Patch {
  readonly apply: (current: JsonObject) => unknown
  /** As a refusal shows it. */
  readonly show: (patched: unknown) => string
  /** What of the patch itself means nothing. */
  readonly unknown: readonly string[]
}

/** @throws Failure BadRequest, RequestEntityTooLarge */
function readPatch(type: string, text: string, typeName: string): Patch {
  if (type === JSON_PATCH) {
    const { operations, unknown } = readJsonPatch(parsePatch(text, 'error decoding patch: '))
    const apply = (current: JsonObject): unknown => applyJsonPatch(current, operations)
    return { apply, show: (patched) => JSON.stringify(patched), unknown }
  }
  const patch = parsePatch(text, type === MERGE_PATCH ? 'error decoding patch: ' : '')
  if (!isJsonObject(patch)) {
    const given = Array.isArray(patch) ? 'array' : typeof patch
    throw new Failure(
      'BadRequest',
      `error decoding patch: json: cannot unmarshal ${given} into Go value of type map[string]interface {}`,
    )
  }
  if (type === MERGE_PATCH) {
    const apply = (current: JsonObject): unknown => mergePatch(current, patch)
    return { apply, show: (patched) => JSON.stringify(patched), unknown: [] }
  }
  return { apply: (current) => strategicMergePatch(current, patch, typeName), show: () => goText(patch), unknown: [] }
}

function parsePatch(text: string, prefix: string): unknown {
  try {
    return JSON.parse(text)
  } catch (thrown) {
    throw new Failure('BadRequest', prefix + messageOf(thrown), { cause: thrown })
  }
}

interface Patching {
  readonly request: ObjectRequest
  readonly options: WriteOptions
  readonly current: KubeObject
}

function wantedBy(patch: Patch, { request, options, current }: Patching): Wanted {
  const { resource } = request.kind
  const refused = { ...resource, name: request.name }
  const patched = patch.apply(current as unknown as JsonObject)
  const shown = (): string => patch.show(patched)
  if (!isJsonObject(patched)) {
    throw patchRefusal(shown, refused)([{ field: '', message: 'must be an object', reason: 'FieldValueTypeInvalid' }])
  }
  const unknown = patch.unknown.map((field) => ({ field, message: '', reason: 'UnknownField' as const }))
  if (options.fieldValidation === 'Strict' && unknown.length > 0) throw patchRefusal(shown, refused)(unknown)
  const value = receivedObject({ ...patched }, request, request.name)
  const { uid, resourceVersion } = value.metadata
  checkPreconditions(resource, current, { resourceVersion })
  if (uid !== current.metadata.uid) {
    const problem = invalid('metadata.uid', uid, 'field is immutable')
    // The API server checks metadata twice, and says so.
    throw refusal(refused, [problem, problem])
  }
  const warnings =
    options.fieldValidation === 'Warn' ? patch.unknown.map((field) => `json patch unknown field "${field}"`) : []
  return { value, warnings, refuse: patchRefusal(shown, refused) }
}
