import { Failure, messageOf } from '../../../failure.ts'
import { type ImageReference, printReference } from '../reference.ts'
import { codeOf, isTlsError, type Refusal, RegistryAnswerError } from './registry-error.ts'

/**
 * What a person gets to read.
 *
 * @param what was tried, such as `pull "docker.io/library/nginx:latest"`.
 * @param refusals of everybody who was asked; the registry itself last.
 */
export function registryFailure(what: string, reference: ImageReference, refusals: readonly Refusal[]): Failure {
  const own = refusals.at(-1)
  const answers = refusals.map(({ host, error }) => describeError(host, error)).join('; ')
  const advice = own === undefined ? '' : adviceFor(own, reference)
  const unreachable = refusals.every(({ error }) => isUnreachable(error))
  return new Failure(unreachable ? 'RegistryUnavailable' : 'ErrImagePull', `${what}: ${answers}${advice}`, {
    cause: own?.error,
  })
}

function isUnreachable(error: unknown): boolean {
  if (error instanceof RegistryAnswerError) return error.status >= 500 || error.status === 429
  return codeOf(error) !== '' && !(error instanceof Failure)
}

const PLAIN_WORDS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused',
  ENOTFOUND: 'no such host',
  EAI_AGAIN: 'the name could not be looked up',
  ECONNRESET: 'the connection broke',
  ETIMEDOUT: 'connecting took too long',
  EHOSTUNREACH: 'no route to the host',
  ENETUNREACH: 'the network is unreachable',
}

export function describeError(host: string, error: unknown): string {
  if (error instanceof Failure || error instanceof RegistryAnswerError) return error.message
  const code = codeOf(error)
  if (/wrong version number|packet length too long/.test(messageOf(error))) return `${host} does not speak TLS`
  if (isTlsError(error)) return `${host}: TLS: ${messageOf(error)}`
  return `${host}: ${PLAIN_WORDS[code] ?? messageOf(error)}`
}

function adviceFor({ host, error }: Refusal, reference: ImageReference): string {
  if (error instanceof RegistryAnswerError) {
    if (error.status === 401 || error.status === 403) {
      const { registry } = reference
      return `; it is missing or needs credentials: log in with "podman login ${registry}" or "docker login ${registry}"`
    }
    if (error.status === 404) return `: ${printReference(reference)}: not found; check the name and the tag`
    if (error.status === 429) return '; too many requests: wait, log in, or set a mirror in registries.json'
    return ''
  }
  if (isTlsError(error)) {
    return `; add its authority to the machine's certificates, or list "${host}" under "insecure" in registries.json`
  }
  const code = codeOf(error)
  if (code === 'ECONNREFUSED') return `; is a registry listening at ${host}?`
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN')
    return '; check the name, the network, or set a mirror in registries.json'
  return ''
}
