import { Failure, messageOf } from '../../../failure.ts'
import { readManifests } from '../../../kube/api/parse-manifests.ts'
import { applyObject } from '../../../kube/api/patch/apply-object.ts'
import { isJsonObject, type JsonObject } from '../../../kube/api/patch/json-value.ts'
import { type ManagedEntry, readManagedFields } from '../../../kube/api/patch/managed-fields.ts'
import { typeNameOf } from '../../../kube/api/patch/shape.ts'
import { checkPreconditions, notFound } from '../../store/store-failure.ts'
import type { KubeObject } from '../../store/store.ts'
import { checkAccess } from '../access/access.ts'
import { type Answer, objectAnswer } from '../answer.ts'
import type { ObjectRequest } from '../api-request.ts'
import { createNew } from '../create-new.ts'
import { writeTime } from '../field-owners.ts'
import { receivedObject } from '../received-object.ts'
import { replaceObject, type Replacement, subresourceOf } from '../replace-object.ts'
import type { ServerParts } from '../server-parts.ts'
import type { WriteOptions } from '../write-options.ts'
import { createAttributes } from './update.ts'

interface ApplyRequest {
  readonly part: Replacement['part']
  readonly options: WriteOptions
  /** YAML or JSON. */
  readonly text: string
}

/** Others may create and delete the object between looking and writing; so often it is tried again. */
const ATTEMPTS = 5

/** Server-side apply: what the object shall have, whether or not it is there yet. */
export async function applyPatch(parts: ServerParts, request: ObjectRequest, apply: ApplyRequest): Promise<Answer> {
  const { kind, namespace, name } = request
  // They bring the kind's types along.
  await kind.rules(parts.store)
  const configuration = receivedObject(readConfiguration(apply.text, request), request, name)
  for (let attempt = 1; ; attempt++) {
    const isThere = parts.store.get(kind.resource, { namespace, name }) !== undefined
    try {
      return await (isThere ? applyToLive : applyAsNew)(parts, request, { ...apply, configuration })
    } catch (thrown) {
      const wasOvertaken = thrown instanceof Failure && thrown.reason === (isThere ? 'NotFound' : 'AlreadyExists')
      if (!wasOvertaken || attempt === ATTEMPTS) throw thrown
    }
  }
}

type Configured = ApplyRequest & { readonly configuration: KubeObject }

async function applyAsNew(parts: ServerParts, request: ObjectRequest, configured: Configured): Promise<Answer> {
  const { configuration, part, options } = configured
  const { kind, name, user } = request
  if (part !== 'object') throw notFound(kind.resource, name)
  checkAccess(parts.store, user, createAttributes(request))
  const { uid = '' } = configuration.metadata
  if (uid !== '') {
    const why = `uid mismatch: the provided object specified uid ${uid}, and no existing object was found`
    throw new Failure('Conflict', `Operation cannot be fulfilled on ${kind.resource.plural} "${name}": ${why}`, {
      details: { name, kind: kind.resource.plural },
    })
  }
  const { owners } = applied(parts, {}, configured)
  const { object, warnings } = await createNew(parts, request, { value: configuration, options, owners })
  return objectAnswer(201, object, warnings)
}

async function applyToLive(parts: ServerParts, request: ObjectRequest, configured: Configured): Promise<Answer> {
  const { configuration, part, options } = configured
  const { object, warnings } = await replaceObject(parts, request, {
    part,
    options,
    next: (current) => {
      const { uid, resourceVersion } = configuration.metadata
      checkPreconditions(request.kind.resource, current, { uid, resourceVersion })
      return applied(parts, current, configured)
    },
  })
  return objectAnswer(200, object, warnings)
}

function applied(
  { clock }: ServerParts,
  live: KubeObject | Readonly<Record<string, never>>,
  { configuration, part, options }: Configured,
): { readonly value: KubeObject; readonly owners: readonly ManagedEntry[] } {
  const { apiVersion, kind } = configuration
  const subresource = subresourceOf(part)
  const writer = { manager: options.manager, subresource, nowMs: clock.nowMs() }
  const { object, entries } = applyObject({
    typeName: typeNameOf(apiVersion, kind),
    live: live as unknown as JsonObject,
    configuration: configuration as unknown as JsonObject,
    entries: 'metadata' in live ? readManagedFields((live as KubeObject).metadata.managedFields) : [],
    by: {
      manager: options.manager,
      operation: 'Apply',
      apiVersion,
      ...(subresource === undefined ? {} : { subresource }),
    },
    force: options.force,
    time: writeTime(writer),
  })
  return { value: object as unknown as KubeObject, owners: entries }
}

/** @throws Failure BadRequest */
function readConfiguration(text: string, { kind: { resource } }: ObjectRequest): Record<string, unknown> {
  const value = parseConfiguration(text)
  const { apiVersion = '', kind = '' } = value as { readonly apiVersion?: unknown; readonly kind?: unknown }
  const expected = resource.group === '' ? resource.version : `${resource.group}/${resource.version}`
  if (apiVersion === expected && kind === resource.kind) return { ...value }
  const groupVersion = String(apiVersion).includes('/') ? String(apiVersion) : `/${String(apiVersion)}`
  throw new Failure('BadRequest', `invalid object type: ${groupVersion}, Kind=${String(kind)}`)
}

function parseConfiguration(text: string): JsonObject {
  if (/^\s*\{/.test(text)) {
    const value = parseJson(text)
    if (isJsonObject(value)) return value
  }
  const { documents, problems } = readManifests(text, 'body')
  const [first] = documents
  if (problems.length > 0 || first === undefined) {
    const sentences = problems.map(({ message, at }) => (at === undefined ? message : `line ${at.line}: ${message}`))
    throw new Failure('BadRequest', `error decoding YAML: ${sentences.join(', ') || 'there is no object'}`)
  }
  return first.value
}

/** @returns undefined for what may still be YAML */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (thrown) {
    if (thrown instanceof SyntaxError) return undefined
    throw new Failure('BadRequest', `error decoding YAML: ${messageOf(thrown)}`, { cause: thrown })
  }
}
