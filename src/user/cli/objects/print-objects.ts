import type { ApiObject, ResourceType } from '../../client/resource-type.ts'

/** `name`: `pod/web` a line; `json` and `yaml`: the objects as they are, several as a List. */
export async function printObjects(
  type: ResourceType<ApiObject>,
  items: readonly ApiObject[],
  form: string,
): Promise<string> {
  if (form === 'name') return items.map(({ metadata }) => `${nameOfType(type)}/${metadata.name}\n`).join('')
  // In a list the server leaves out what the list says for all.
  const whole = items.map((item) => ({ apiVersion: type.apiVersion, kind: type.kind, ...item }))
  const value = { apiVersion: 'v1', kind: 'List', metadata: { resourceVersion: '' }, items: whole }
  if (form === 'json') return `${JSON.stringify(value, null, 4)}\n`
  const { stringify } = await import('yaml')
  return stringify(value, { indentSeq: false, lineWidth: 0 })
}

/** `pod`, `deployment.apps`. */
export function nameOfType({ kind, apiVersion }: ResourceType<ApiObject>): string {
  const [group = ''] = apiVersion.includes('/') ? apiVersion.split('/') : ['']
  return `${kind.toLowerCase()}${group === '' ? '' : `.${group}`}`
}
