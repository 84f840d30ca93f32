/**
 * Turns the models of @kubernetes/client-node into the schema that src/kube/api/schema.ts reads. Run it after each
 * install: `node scripts/generate-schema.ts`. The result depends on the installed package alone, and each file appears
 * whole or not at all.
 */
import { mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Kinds, Types } from '../src/kube/api/schema.ts'

const ROOT = join(import.meta.dirname, '..')
const GENERATED = join(ROOT, 'src/kube/api/generated')
const CLIENT = join(ROOT, 'node_modules/@kubernetes/client-node/dist/gen')

/** What the everyday file holds: these and all that can be reached from them. */
const EVERYDAY_TYPES = [
  'V1Pod',
  'V1Namespace',
  'V1ConfigMap',
  'V1Secret',
  'V1Service',
  'V1ServiceAccount',
  'V1Node',
  'CoreV1Event',
  'V1Lease',
]

/** Fields that hold a quantity: the client's types call them plain strings. */
const QUANTITIES: Readonly<Record<string, readonly string[]>> = {
  V1CSIStorageCapacity: ['capacity', 'maximumVolumeSize'],
  V1ContainerStatus: ['allocatedResources'],
  V1EmptyDirVolumeSource: ['sizeLimit'],
  V1LimitRangeItem: ['_default', 'defaultRequest', 'max', 'maxLimitRequestRatio', 'min'],
  V1NodeStatus: ['allocatable', 'capacity'],
  V1Overhead: ['podFixed'],
  V1PersistentVolumeClaimStatus: ['allocatedResources', 'capacity'],
  V1PersistentVolumeSpec: ['capacity'],
  V1PodSpec: ['overhead'],
  V1PodStatus: ['allocatedResources'],
  V1ResourceFieldSelector: ['divisor'],
  V1ResourceQuotaSpec: ['hard'],
  V1ResourceQuotaStatus: ['hard', 'used'],
  V1ResourceRequirements: ['limits', 'requests'],
  V1VolumeResourceRequirements: ['limits', 'requests'],
  V2HPAScalingRules: ['tolerance'],
  V2MetricTarget: ['averageValue', 'value'],
  V2MetricValueStatus: ['averageValue', 'value'],
}

interface Model {
  readonly fields: Types[string]
  /** Text of the documentation by field; '' is the type itself. */
  readonly docs: Readonly<Record<string, string>>
}

/** Reads the models and writes the three files. */
export function generateSchema(clientFolder: string, targetFolder: string): void {
  const models = readModels(join(clientFolder, 'models'))
  const types: Types = Object.fromEntries([...models].map(([name, model]) => [name, model.fields]))
  const everyday = reachableFrom(EVERYDAY_TYPES, types)
  const pick = (wanted: (name: string) => boolean): Types =>
    Object.fromEntries(Object.entries(types).filter(([name]) => wanted(name)))

  mkdirSync(targetFolder, { recursive: true })
  writeWhole(join(targetFolder, 'everyday.json'), {
    kinds: readKinds(join(clientFolder, 'apis')),
    types: pick((name) => everyday.has(name)),
  })
  writeWhole(join(targetFolder, 'rest.json'), { types: pick((name) => !everyday.has(name)) })
  writeWhole(
    join(targetFolder, 'docs.json'),
    Object.fromEntries([...models].map(([name, model]) => [name, model.docs])),
  )
}

function readModels(folder: string): Map<string, Model> {
  const models = new Map<string, Model>()
  for (const file of readdirSync(folder).sort()) {
    const name = file.slice(0, -'.js'.length)
    if (!file.endsWith('.js') || name === 'ObjectSerializer' || name === 'all') continue
    const code = readFileSync(join(folder, file), 'utf8')
    const declaration = readFileSync(join(folder, `${name}.d.ts`), 'utf8')
    models.set(name, readModel(name, code, declaration))
  }
  return models
}

function readModel(name: string, code: string, declaration: string): Model {
  const members = new Map<string, { required: boolean; doc: string }>()
  for (const [, doc, field, mark] of declaration.matchAll(
    /(?:\/\*\*\n([^/]*(?:\/(?<!\*\/)[^/]*)*)\*\/\n {4})?'(\S+?)'(\??):/g,
  )) {
    members.set(field ?? '', { required: mark === '', doc: plainText(doc ?? '') })
  }
  const docs: Record<string, string> = {}
  const about = /\/\*\*\n\* ((?:(?!\*\/)[\s\S])*?)\*\/\nexport declare class/.exec(declaration)?.[1]
  if (about !== undefined) docs[''] = plainText(about)

  const fields: Record<string, string> = {}
  const attributes =
    /"name": "(?<name>[^"]+)",\s*"baseName": "(?<base>[^"]+)",\s*"type": "(?<type>[^"]+)",\s*"format": "(?<format>[^"]*)"/g
  for (const { groups } of code.matchAll(attributes)) {
    const attribute = { name: '', base: '', type: '', format: '', ...groups }
    const member = members.get(attribute.name)
    const isQuantity = QUANTITIES[name]?.includes(attribute.name) === true
    const type = compactType(attribute.type, attribute.format)
    fields[attribute.base] =
      (member?.required === true ? '!' : '') + (isQuantity ? type.replace('string', 'quantity') : type)
    if (member !== undefined && member.doc !== '') docs[attribute.base] = member.doc
  }
  return { fields, docs }
}

/** `Array<V1Container>` → `[]V1Container`, `{ [key: string]: string; }` → `{}string`, number → int32 … */
function compactType(type: string, format: string): string {
  const list = /^Array<(.*)>$/.exec(type)?.[1]
  if (list !== undefined) return `[]${compactType(list, format)}`
  const map = /^\{ \[key: string\]: (.*); \}$/.exec(type)?.[1]
  if (map !== undefined) return `{}${compactType(map, format)}`
  if (type === 'number') return format === '' ? 'double' : format
  if (type === 'Date' || type === 'V1MicroTime') return 'time'
  if (type === 'string' && format === 'byte') return 'base64'
  return type
}

function plainText(comment: string): string {
  return comment
    .replace(/^\s*\* ?/gm, '')
    .replace(/\\(['"\\])/g, '$1')
    .trim()
}

/** Which kinds can be created, by apiVersion, from the paths that the client posts to. */
function readKinds(folder: string): Kinds {
  const kinds: Record<string, Record<string, string>> = {}
  const posts =
    /localVarPath = '\/(?:api|apis)\/((?:[\w.-]+\/)?v\d\w*)\/(?:namespaces\/\{namespace\}\/)?[a-z]+'(?:(?!localVarPath =)[\s\S])*?\.serialize\(body, "(\w+)"/g
  for (const file of readdirSync(folder).sort()) {
    if (!/V\d\w*Api\.js$/.test(file)) continue
    for (const [, apiVersion = '', type = ''] of readFileSync(join(folder, file), 'utf8').matchAll(posts)) {
      if (type === 'V1DeleteOptions') continue
      const kind = type.replace(/^\w*?V\d+(?:(?:alpha|beta)\d+)?/, '')
      kinds[apiVersion] = { ...kinds[apiVersion], [kind]: type }
    }
  }
  return kinds
}

function reachableFrom(roots: readonly string[], types: Types): Set<string> {
  const reached = new Set<string>()
  const waiting = [...roots]
  for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
    const fields = types[name]
    if (fields === undefined || reached.has(name)) continue
    reached.add(name)
    waiting.push(...Object.values(fields).map((type) => type.replace(/^!|\[\]|\{\}/g, '')))
  }
  return reached
}

function writeWhole(file: string, content: unknown): void {
  const unfinished = `${file}.${process.pid}`
  writeFileSync(unfinished, JSON.stringify(content))
  renameSync(unfinished, file)
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) generateSchema(CLIENT, GENERATED)
