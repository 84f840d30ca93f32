import { Failure } from '../../failure.ts'
import { parseDigest } from './digest.ts'
import type { ImageConfig } from './image.ts'
import { isObject, parseJsonObject } from './image-manifest.ts'

/** What an image config blob says. */
export interface ParsedConfig {
  readonly config: ImageConfig
  /** Digests of the uncompressed layers, bottom first. */
  readonly diffIds: readonly string[]
}

/**
 * @param what it belongs to, for messages.
 * @throws Failure ErrImagePull
 * @see https://github.com/opencontainers/image-spec/blob/main/config.md
 */
export function parseImageConfig(bytes: Uint8Array, what: string): ParsedConfig {
  const name = `config of ${what}`
  const document = parseJsonObject(bytes, name)
  const run = isObject(document['config']) ? document['config'] : {}
  const stopSignal = textOf(run['StopSignal'], 'StopSignal', name)
  return {
    config: {
      entrypoint: textsOf(run['Entrypoint'], 'Entrypoint', name),
      cmd: textsOf(run['Cmd'], 'Cmd', name),
      env: textsOf(run['Env'], 'Env', name),
      workingDir: textOf(run['WorkingDir'], 'WorkingDir', name),
      user: textOf(run['User'], 'User', name),
      stopSignal: stopSignal === '' ? undefined : stopSignal,
      volumes: isObject(run['Volumes']) ? Object.keys(run['Volumes']) : [],
      architecture: textOf(document['architecture'], 'architecture', name),
      os: textOf(document['os'], 'os', name),
    },
    diffIds: diffIdsOf(document['rootfs'], name),
  }
}

function diffIdsOf(rootfs: unknown, what: string): string[] {
  const ids = isObject(rootfs) ? textsOf(rootfs['diff_ids'], 'rootfs.diff_ids', what) : []
  const wrongOne = ids.find((id) => parseDigest(id) === undefined)
  if (wrongOne !== undefined) throw wrong(what, `rootfs.diff_ids holds "${wrongOne}", which is no digest`)
  return ids
}

function textOf(value: unknown, field: string, what: string): string {
  if (value === undefined || value === null) return ''
  if (typeof value === 'string') return value
  throw wrong(what, `${field} is ${JSON.stringify(value)}, expected a text`)
}

function textsOf(value: unknown, field: string, what: string): string[] {
  if (value === undefined || value === null) return []
  if (Array.isArray(value) && value.every((item) => typeof item === 'string')) return value
  throw wrong(what, `${field} is ${JSON.stringify(value)}, expected a list of texts`)
}

function wrong(what: string, why: string): Failure {
  return new Failure('ErrImagePull', `read the ${what}: ${why}`)
}
