import { Failure } from '../../../failure.ts'
import type { PodLogOptions } from '../../client/read-pod-log.ts'
import type { ParsedFlags } from '../parsed-flags.ts'

/** Which part of each log is wanted, as the flags say. */
export interface LogRequest {
  readonly begin: Pick<PodLogOptions, 'tailLines' | 'sinceTime' | 'sinceSeconds'>
  readonly limitBytes: number | undefined
  readonly previous: boolean
}

/** Of each container of a selector, unless the user says otherwise: as kubectl. */
const TAIL_OF_SELECTED = 10

/** @throws Failure UsageError */
export function readLogRequest(flags: ParsedFlags): LogRequest {
  const sinceMs = flags.number('since')
  const sinceTime = flags.text('since-time')
  if (sinceMs !== undefined && sinceTime !== undefined) {
    throw new Failure('UsageError', 'only one of --since and --since-time may be used')
  }
  if (sinceTime !== undefined && Number.isNaN(Date.parse(sinceTime))) {
    const wanted = 'must be an RFC 3339 instant, such as 2026-11-20T10:00:00Z'
    throw new Failure('UsageError', `--since-time ${wanted}; got ${JSON.stringify(sinceTime)}`)
  }
  const limitBytes = flags.number('limit-bytes')
  if (limitBytes !== undefined && flags.isSet('follow')) {
    throw new Failure('UsageError', '--limit-bytes does not go with --follow')
  }
  if (limitBytes === 0) throw new Failure('UsageError', '--limit-bytes must be greater than 0')
  const tail = tailOf(flags)
  return {
    begin: {
      ...(tail === undefined ? {} : { tailLines: tail }),
      ...(sinceTime === undefined ? {} : { sinceTime }),
      // The API counts whole seconds, and at least one.
      ...(sinceMs === undefined || sinceMs === 0 ? {} : { sinceSeconds: Math.max(1, Math.round(sinceMs / 1_000)) }),
    },
    limitBytes,
    previous: flags.isSet('previous'),
  }
}

function tailOf(flags: ParsedFlags): number | undefined {
  const text = flags.text('tail')
  if (text === undefined) return flags.isSet('selector') ? TAIL_OF_SELECTED : undefined
  if (text === '-1') return undefined
  if (/^\d{1,15}$/.test(text)) return Number(text)
  throw new Failure('UsageError', `--tail must be a number of lines, or -1 for all; got ${JSON.stringify(text)}`)
}
