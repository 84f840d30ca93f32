import { Failure } from '../../../failure.ts'
import { jsonOf } from '../../store/object-json.ts'
import type { KubeObject } from '../../store/store.ts'
import type { MetaVersion } from '../accepted-form.ts'
import type { AnswerForm } from '../answer-form.ts'
import type { ApiRequest } from '../api-request.ts'
import type { Column } from '../kinds/kind.ts'
import { DEFAULT_COLUMNS } from './common-columns.ts'
import { partialObject } from './metadata-form.ts'

/** Tables as kubectl prints them: a row per object. Source: meta.k8s.io/v1 Table. */
export async function tableForm(
  { kind, query }: ApiRequest,
  version: MetaVersion,
  nowMs: () => number,
): Promise<AnswerForm> {
  const columns = (await kind.columns?.()) ?? DEFAULT_COLUMNS
  const definitions = JSON.stringify(columns.map(definitionOf))
  const shown = includedObject(query.get('includeObject') ?? '', version)
  const rowOf = (object: KubeObject, atMs: number): string => {
    const cells = columns.map((column) => column.cell(object, atMs))
    return `{"cells":${JSON.stringify(cells)},"object":${shown(object)}}`
  }
  const table = (metadata: object, headers: string, rows: readonly string[]): string =>
    `{"kind":"Table","apiVersion":"meta.k8s.io/${version}","metadata":${JSON.stringify(metadata)},` +
    `"columnDefinitions":${headers},"rows":[${rows.join(',')}]}`
  // A client of a watch learns the columns from the first event and keeps them.
  let headersToSend = definitions
  const nextHeaders = (): string => {
    const headers = headersToSend
    headersToSend = 'null'
    return headers
  }
  const oneRow = (object: KubeObject, headers: string): string => {
    const { resourceVersion } = object.metadata
    return table({ resourceVersion }, headers, [rowOf(object, nowMs())])
  }
  return {
    one: (object) => oneRow(object, definitions),
    list(objects, metadata) {
      const atMs = nowMs()
      const rows = objects.map((object) => rowOf(object, atMs))
      return table(metadata, definitions, rows)
    },
    event: (object) => oneRow(object, nextHeaders()),
    bookmark: (metadata) => table(metadata, nextHeaders(), []),
  }
}

function definitionOf({ name, type = 'string', format, description, priority = 0 }: Column): object {
  return { name, type, format: format ?? '', description, priority }
}

/** What stands beside the cells of a row. */
function includedObject(include: string, version: MetaVersion): (object: KubeObject) => string {
  switch (include) {
    case '':
    case 'Metadata':
      return (object) => partialObject(object, version)
    case 'Object':
      return jsonOf
    case 'None':
      return () => 'null'
    default:
      throw new Failure(
        'BadRequest',
        `includeObject: Invalid value: ${JSON.stringify(include)}: must be 'Metadata', 'Object', 'None', or empty`,
      )
  }
}
