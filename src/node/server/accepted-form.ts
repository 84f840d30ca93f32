import { Failure } from '../../failure.ts'

/** How a client wants to see objects. */
export type AcceptedForm =
  { readonly is: 'object' } | { readonly is: 'table' | 'metadata'; readonly version: MetaVersion }

export type MetaVersion = 'v1' | 'v1beta1'

const OBJECT: AcceptedForm = { is: 'object' }

const PARTIAL_OBJECT: Readonly<Record<'one' | 'list', string>> = {
  one: 'partialobjectmetadata',
  list: 'partialobjectmetadatalist',
}

/**
 * The first form of the Accept header that there is: JSON of the objects, of their metadata, or a table of them
 * (`application/json;as=Table;v=v1;g=meta.k8s.io`).
 *
 * @param shape a watch is about one object at a time.
 * @throws Failure NotAcceptable
 * @see https://kubernetes.io/docs/reference/using-api/api-concepts/#receiving-resources-as-tables
 */
export function acceptedForm(accept: string | undefined, shape: 'one' | 'list'): AcceptedForm {
  if (accept === undefined || accept === '' || accept === '*/*' || accept === 'application/json') return OBJECT
  for (const range of inOrderOfPreference(accept)) {
    const form = formOf(range, shape)
    if (form !== undefined) return form
  }
  throw new Failure('NotAcceptable', '406: Not Acceptable', { details: {} })
}

interface MediaRange {
  readonly type: string
  readonly parameters: ReadonlyMap<string, string>
  readonly quality: number
}

function inOrderOfPreference(accept: string): MediaRange[] {
  const ranges = accept.split(',').map((text): MediaRange => {
    const [type = '', ...rest] = text.split(';').map((part) => part.trim().toLowerCase())
    const parameters = new Map(rest.map((part) => splitOnce(part)))
    const quality = Number(parameters.get('q') ?? 1)
    return { type, parameters, quality: Number.isNaN(quality) ? 0 : quality }
  })
  // Sorting keeps the order of those that are wanted as much.
  return ranges.filter(({ quality }) => quality > 0).sort((one, other) => other.quality - one.quality)
}

function formOf({ type, parameters }: MediaRange, shape: 'one' | 'list'): AcceptedForm | undefined {
  if (type !== 'application/json' && type !== 'application/*' && type !== '*/*') return undefined
  const as = parameters.get('as')
  if (as === undefined) return OBJECT
  const version = parameters.get('v')
  if (parameters.get('g') !== 'meta.k8s.io' || (version !== 'v1' && version !== 'v1beta1')) return undefined
  if (as === 'table') return { is: 'table', version }
  return as === PARTIAL_OBJECT[shape] ? { is: 'metadata', version } : undefined
}

function splitOnce(part: string): [string, string] {
  const at = part.indexOf('=')
  return at === -1 ? [part, ''] : [part.slice(0, at).trim(), part.slice(at + 1).trim()]
}
