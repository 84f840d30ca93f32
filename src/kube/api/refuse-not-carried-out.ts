import type { CarriedOut } from './carried-out.ts'
import { ADVICE, CARRIED_OUT_OF_POD } from './carried-out.ts'
import type { PodManifest } from './parse-pod.ts'
import type { Problem } from './problem.ts'

/**
 * What a Pod asks for that Kubernetes would do and peapod does not do yet, field by field. A valid Pod with such fields
 * may be stored; it may not be run as if they were not there.
 */
export function refuseNotCarriedOut(pod: Pick<PodManifest, 'metadata' | 'spec'>): readonly Problem[] {
  return refuse(pod, CARRIED_OUT_OF_POD, '')
}

function refuse(value: unknown, carriedOut: CarriedOut, field: string): Problem[] {
  if (carriedOut === 'whole' || value === undefined || value === null) return []
  if ('values' in carriedOut) {
    if (carriedOut.values.includes(value)) return []
    return [notCarriedOut(field, `${JSON.stringify(value)} is not carried out by peapod yet; ${carriedOut.advice}`)]
  }
  if (Array.isArray(value)) {
    return value.flatMap((item: unknown, index) => refuse(item, carriedOut, `${field}[${index}]`))
  }
  if (typeof value !== 'object') return []
  const isMap = /\.(requests|limits)$/.test(field)
  return Object.entries(value).flatMap(([name, part]: [string, unknown]) => {
    const path = isMap ? `${field}[${name}]` : field === '' ? name : `${field}.${name}`
    const known = Object.hasOwn(carriedOut.fields, name) ? carriedOut.fields[name] : undefined
    if (known !== undefined) return refuse(part, known, path)
    if (part === undefined) return []
    const advice = Object.hasOwn(ADVICE, name) ? ADVICE[name] : undefined
    return [notCarriedOut(path, `${name} is not carried out by peapod yet; ${advice ?? 'remove it'}`)]
  })
}

function notCarriedOut(field: string, message: string): Problem {
  return { field, message, reason: 'NotCarriedOut' }
}
