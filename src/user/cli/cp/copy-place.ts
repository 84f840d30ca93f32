import { posix } from 'node:path'
import { Failure } from '../../../failure.ts'

/** One end of a copy. */
export type CopyPlace =
  | { readonly is: 'local'; readonly path: string }
  | { readonly is: 'remote'; readonly namespace: string | undefined; readonly pod: string; readonly path: string }

/**
 * `file`, `pod:path` or `namespace/pod:path`. What begins with `/`, `./` or `../` is local, colons or not.
 *
 * @throws Failure UsageError
 */
export function parseCopyPlace(text: string): CopyPlace {
  const refuse = (why: string) => new Failure('UsageError', `${JSON.stringify(text)}: ${why}`)
  const colon = text.indexOf(':')
  if (colon < 0 || /^\.{0,2}\//.test(text)) {
    if (text === '') throw refuse('the path is empty')
    return { is: 'local', path: text }
  }
  const [first = '', second, ...more] = text.slice(0, colon).split('/')
  const path = text.slice(colon + 1)
  if (more.length > 0 || first === '' || second === '') throw refuse('must be [NAMESPACE/]POD:PATH')
  if (path === '') throw refuse('the path is empty')
  return {
    is: 'remote',
    path,
    ...(second === undefined ? { namespace: undefined, pod: first } : { namespace: first, pod: second }),
  }
}

/** A path in a container as its folder and its name there; the name is `.` for what has none, such as `/` or `..`. */
export function splitRemotePath(path: string): { readonly folder: string; readonly name: string } {
  const whole = posix.normalize(path).replace(/(.)\/$/, '$1')
  const name = posix.basename(whole)
  if (name === '' || name === '.' || name === '..') return { folder: whole, name: '.' }
  return { folder: posix.dirname(whole), name }
}
