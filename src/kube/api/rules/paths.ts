import type { Finding } from './finding.ts'
import { invalid } from './finding.ts'

/** A path below some root that must not lead out of it. */
export function checkDescendingPath(path: string, field: string): Finding[] {
  return [
    ...(path.startsWith('/') ? [invalid(field, path, 'must be a relative path')] : []),
    ...checkNoBacksteps(path, field),
  ]
}

export function checkNoBacksteps(path: string, field: string): Finding[] {
  return path.split('/').includes('..') ? [invalid(field, path, "must not contain '..'")] : []
}

/** The path of a file that a volume makes from data. */
export function checkProjectedPath(path: string, field: string): Finding[] {
  const found = checkDescendingPath(path, field)
  const reserved = path.startsWith('..') && !path.startsWith('../') && path !== '..'
  return reserved ? [...found, invalid(field, path, "must not start with '..'")] : found
}
