import type { IncomingMessage } from 'node:http'
import { Failure, messageOf } from '../../failure.ts'
import type { Resource } from '../store/store.ts'
import { mediaTypeOf, readBody, unsupportedMediaType } from './read-body.ts'

/** What a body is that does not say it. */
export type ExpectedKind = Pick<Resource, 'group' | 'version' | 'kind'>

const JSON_TYPE = 'application/json'
const YAML_TYPE = 'application/yaml'
const PROTOBUF_TYPE = 'application/vnd.kubernetes.protobuf'
const ACCEPTED = [JSON_TYPE, YAML_TYPE, PROTOBUF_TYPE]
/** How much of a body goes into an error message, in characters. */
const SHOWN = 1_000

/**
 * The object that is the body of a request, unchecked, in whichever form it comes; JSON is assumed when none is given.
 *
 * @throws Failure UnsupportedMediaType, RequestEntityTooLarge, BadRequest in the words of the API server
 */
export async function readObjectBody(
  request: IncomingMessage,
  expected: ExpectedKind,
): Promise<Record<string, unknown>> {
  const mediaType = acceptedType(request)
  return decode(await readBody(request), mediaType, expected)
}

/** As readObjectBody; undefined when the request has no body, whatever form it says. */
export async function readOptionalObjectBody(
  request: IncomingMessage,
  expected: ExpectedKind,
): Promise<Record<string, unknown> | undefined> {
  const body = await readBody(request)
  return body.length === 0 ? undefined : decode(body, acceptedType(request), expected)
}

function acceptedType(request: IncomingMessage): string {
  const given = mediaTypeOf(request) ?? JSON_TYPE
  if (!ACCEPTED.includes(given)) throw unsupportedMediaType(ACCEPTED)
  return given
}

async function decode(body: Buffer, mediaType: string, expected: ExpectedKind): Promise<Record<string, unknown>> {
  if (mediaType === PROTOBUF_TYPE) return decodeProtobuf(body, expected)
  const text = body.toString()
  if (mediaType === JSON_TYPE) return parseJsonObject(text, expected.kind)
  const { parseYamlObject } = await import('../../kube/api/parse-yaml-object.ts')
  return parseYamlObject(text)
}

async function decodeProtobuf(body: Buffer, { group, version, kind }: ExpectedKind): Promise<Record<string, unknown>> {
  const [{ decodeObject }, { loadAllTypes }] = await Promise.all([
    import('../../kube/api/protobuf/decode-object.ts'),
    import('../../kube/api/schema.ts'),
  ])
  await loadAllTypes()
  const object = decodeObject(body, { apiVersion: group === '' ? version : `${group}/${version}`, kind })
  if (object === undefined) throw unsupportedMediaType([JSON_TYPE, YAML_TYPE])
  return object
}

function parseJsonObject(text: string, kind: string): Record<string, unknown> {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (thrown) {
    throw unrecognized(
      kind,
      isCutShort(text, messageOf(thrown)) ? 'unexpected end of JSON input' : messageOf(thrown),
      text,
    )
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>
  throw unrecognized(kind, 'expected an object', text)
}

function unrecognized(kind: string, what: string, text: string): Failure {
  const shown = text === '' ? '<empty>' : text.slice(0, SHOWN)
  return new Failure(
    'BadRequest',
    `the object provided is unrecognized (must be of type ${kind}): couldn't get version/kind; json parse error: ${what} (${shown})`,
  )
}

/** V8 says where it stopped, in several ways, when the text ended too early. */
function isCutShort(text: string, message: string): boolean {
  if (/unexpected end|unterminated string/i.test(message)) return true
  const position = /at position (\d+)/.exec(message)?.[1]
  return position !== undefined && Number(position) >= text.trimEnd().length
}
