import { Failure } from '../../../failure.ts'
import { KINDS } from '../schema.ts'
import { messageFields } from './message-fields.ts'
import { readMessage } from './read-message.ts'
import { checkWireType, WIRE, WireReader } from './wire-reader.ts'

export interface GroupVersionKind {
  readonly apiVersion: string
  readonly kind: string
}

/** What every object in protobuf begins with: `k8s` and a zero. */
const PREFIX = Buffer.from('k8s\0')
/** How much of a body that is no object is shown, in bytes. */
const SHOWN_BYTES = 128

/** Types of what is sent to subresources; schema.ts knows the kinds that have a path of their own. */
const SUBRESOURCE_TYPES: Readonly<Record<string, string>> = {
  'authentication.k8s.io/v1 TokenRequest': 'AuthenticationV1TokenRequest',
  'autoscaling/v1 Scale': 'V1Scale',
  'policy/v1 Eviction': 'V1Eviction',
  'policy/v1beta1 Eviction': 'V1Eviction',
}

/**
 * The object of a body in `application/vnd.kubernetes.protobuf`, as the same body in JSON would have it. All types of
 * schema.ts must be there: see loadAllTypes.
 *
 * @param expected what the object is that does not say it
 * @returns undefined when the fields of the kind are not known
 * @throws Failure BadRequest in the words of Kubernetes
 * @see https://kubernetes.io/docs/reference/using-api/api-concepts/#protobuf-encoding
 */
export function decodeObject(bytes: Uint8Array, expected: GroupVersionKind): Record<string, unknown> | undefined {
  const { apiVersion, kind, raw } = readEnvelope(bytes, expected)
  const fields = messageFields(typeNameOf(apiVersion, kind))
  if (fields === undefined) return undefined
  return within(`${kind} in version "${apiVersion}" cannot be handled as a ${expected.kind}`, () =>
    readMessage(raw, fields, { apiVersion, kind }),
  )
}

/** Of `runtime.Unknown`: the kind in its first field, the object's own message in the second. */
function readEnvelope(bytes: Uint8Array, expected: GroupVersionKind): GroupVersionKind & { readonly raw: Uint8Array } {
  const unrecognized = `the object provided is unrecognized (must be of type ${expected.kind})`
  if (!PREFIX.equals(bytes.subarray(0, PREFIX.length))) {
    const what =
      bytes.length === 0
        ? 'empty data'
        : `provided data does not appear to be a protobuf message, expected prefix [${PREFIX.join(' ')}] (${hex(bytes)})`
    throw new Failure('BadRequest', `${unrecognized}: ${what}`)
  }
  return within(unrecognized, () => {
    const reader = new WireReader(bytes.subarray(PREFIX.length))
    let meant = expected
    let raw: Uint8Array = new Uint8Array()
    while (!reader.isAtEnd) {
      const tag = reader.tag()
      if (tag.number > 2) reader.skip(tag)
      else {
        checkWireType(tag, WIRE.lengthDelimited)
        if (tag.number === 1) meant = readTypeMeta(reader.bytes(), expected)
        else raw = reader.bytes()
      }
    }
    return { ...meant, raw }
  })
}

function readTypeMeta(bytes: Uint8Array, expected: GroupVersionKind): GroupVersionKind {
  const reader = new WireReader(bytes)
  const texts = new Map<number, string>()
  while (!reader.isAtEnd) {
    const tag = reader.tag()
    checkWireType(tag, WIRE.lengthDelimited)
    texts.set(tag.number, reader.text())
  }
  const [apiVersion = '', kind = ''] = [texts.get(1), texts.get(2)]
  return kind === '' ? expected : { apiVersion, kind }
}

/** Every group has DeleteOptions, in all its versions. */
function typeNameOf(apiVersion: string, kind: string): string {
  if (kind === 'DeleteOptions') return 'V1DeleteOptions'
  const kinds = Object.hasOwn(KINDS, apiVersion) ? KINDS[apiVersion] : undefined
  if (kinds !== undefined && Object.hasOwn(kinds, kind)) return kinds[kind] ?? ''
  return SUBRESOURCE_TYPES[`${apiVersion} ${kind}`] ?? ''
}

function within<T>(what: string, read: () => T): T {
  try {
    return read()
  } catch (thrown) {
    if (!(thrown instanceof Failure)) throw thrown
    throw new Failure('BadRequest', `${what}: ${thrown.message}`, { cause: thrown })
  }
}

function hex(bytes: Uint8Array): string {
  const shown = Buffer.from(bytes.subarray(0, SHOWN_BYTES)).toString('hex')
  return bytes.length > SHOWN_BYTES ? `${shown} ...` : shown
}
