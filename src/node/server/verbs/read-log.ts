import { Failure } from '../../../failure.ts'
import type { Problem } from '../../../kube/api/problem.ts'
import { forbidden, invalid, notSupported } from '../../../kube/api/rules/finding.ts'
import { PODS } from '../../store/resources.ts'
import { notFound } from '../../store/store-failure.ts'
import type { Answer } from '../answer.ts'
import type { ObjectRequest } from '../api-request.ts'
import { chooseContainer } from '../choose-container.ts'
import { isSet, numberParameter } from '../number-parameter.ts'
import type { PodLogOptions } from '../pod-streams.ts'
import { refusal } from '../refusal.ts'
import type { ServerParts } from '../server-parts.ts'

const PLAIN = 'text/plain'
/** As plain text, but each line says which stream it was written to. Servers that don't know it answer with plain text. */
const WITH_STREAM_NAMES = 'text/vnd.peapod.log'

/** The streams of PodLogOptions, as the API server lists them. */
const STREAMS: Readonly<Record<string, 'stdout' | 'stderr' | undefined>> = {
  All: undefined,
  Stderr: 'stderr',
  Stdout: 'stdout',
}

/** A container's output as plain text, as it is read. */
export async function readPodLog(parts: ServerParts, request: ObjectRequest): Promise<Answer> {
  const { query, namespace, name, signal } = request
  const numbers = readNumbers(query)
  const wantedStream = query.get('stream') ?? 'All'
  const problems = [
    ...checkNumbers(numbers, query.get('sinceTime') ?? ''),
    ...checkStream(wantedStream, numbers.tailLines),
  ]
  if (problems.length > 0) throw refusal({ group: '', version: 'v1', kind: 'PodLogOptions', name }, problems)
  const pod = parts.store.get(PODS, { namespace, name })
  if (pod === undefined) throw notFound(PODS, name)
  const stream = STREAMS[wantedStream]
  const streamNames = (request.incoming.headers.accept ?? '')
    .split(/[,;]/)
    .some((type) => type.trim() === WITH_STREAM_NAMES)
  const options: PodLogOptions = {
    container: chooseContainer(pod, query.get('container') ?? ''),
    follow: isSet(query, 'follow'),
    previous: isSet(query, 'previous'),
    timestamps: isSet(query, 'timestamps'),
    streamNames,
    ...(stream === undefined ? {} : { stream }),
    ...(numbers.tailLines === undefined ? {} : { tailLines: numbers.tailLines }),
    ...sinceOf(numbers.sinceSeconds, query.get('sinceTime') ?? '', parts.clock.nowMs()),
    signal,
  }
  const bytes = await parts.streams.log(pod, options)
  const limited = numbers.limitBytes === undefined ? bytes : firstBytes(bytes, numbers.limitBytes)
  return { is: 'stream', contentType: streamNames ? WITH_STREAM_NAMES : PLAIN, parts: limited }
}

interface Numbers {
  readonly tailLines: number | undefined
  readonly limitBytes: number | undefined
  readonly sinceSeconds: number | undefined
}

function readNumbers(query: URLSearchParams): Numbers {
  return {
    tailLines: numberParameter(query, 'tailLines'),
    limitBytes: numberParameter(query, 'limitBytes'),
    sinceSeconds: numberParameter(query, 'sinceSeconds'),
  }
}

/** Source: ValidatePodLogOptions of pkg/apis/core/validation. */
function checkNumbers({ tailLines, limitBytes, sinceSeconds }: Numbers, sinceTime: string): Problem[] {
  const problems: Problem[] = []
  if (tailLines !== undefined && tailLines < 0) {
    problems.push(invalid('tailLines', tailLines, 'must be greater than or equal to 0'))
  }
  if (limitBytes !== undefined && limitBytes < 1) {
    problems.push(invalid('limitBytes', limitBytes, 'must be greater than 0'))
  }
  if (sinceSeconds !== undefined && sinceTime !== '') {
    problems.push(forbidden('', 'at most one of `sinceTime` or `sinceSeconds` may be specified'))
  } else if (sinceSeconds !== undefined && sinceSeconds < 1) {
    problems.push(invalid('sinceSeconds', sinceSeconds, 'must be greater than 0'))
  }
  return problems
}

/** Source: ValidatePodLogOptions as well, since Kubernetes 1.32. */
function checkStream(stream: string, tailLines: number | undefined): Problem[] {
  const unknown = Object.hasOwn(STREAMS, stream) ? [] : [notSupported('stream', stream, Object.keys(STREAMS))]
  if (stream === 'All' || tailLines === undefined) return unknown
  return [...unknown, forbidden('', '`tailLines` and specific `stream` are mutually exclusive for now')]
}

function sinceOf(sinceSeconds: number | undefined, sinceTime: string, nowMs: number): { readonly sinceMs?: number } {
  if (sinceSeconds !== undefined) return { sinceMs: nowMs - sinceSeconds * 1000 }
  if (sinceTime === '') return {}
  const sinceMs = Date.parse(sinceTime)
  if (Number.isNaN(sinceMs)) {
    throw new Failure('BadRequest', `parsing time ${JSON.stringify(sinceTime)}: must be an RFC 3339 instant`)
  }
  return { sinceMs }
}

async function* firstBytes(bytes: AsyncIterable<Uint8Array>, limit: number): AsyncGenerator<Uint8Array> {
  let left = limit
  for await (const chunk of bytes) {
    yield chunk.subarray(0, left)
    left -= chunk.length
    if (left <= 0) return
  }
}
