/**
 * Why something could not be done: a closed list. The words are Kubernetes' own where it has one; the others say which
 * part of this machine refused. Each one is explained in docs/failures.md.
 */
export const FAILURE_REASONS = [
  // Kubernetes' API reasons (metav1.StatusReason)
  'BadRequest',
  'Unauthorized',
  'Forbidden',
  'NotFound',
  'AlreadyExists',
  'Conflict',
  'Gone',
  'Expired',
  'Invalid',
  'MethodNotAllowed',
  'NotAcceptable',
  'UnsupportedMediaType',
  'RequestEntityTooLarge',
  'TooManyRequests',
  'InternalError',
  'ServiceUnavailable',
  'Timeout',
  // Kubernetes' container and pod reasons
  'ErrImagePull',
  'ErrImageNeverPull',
  'ImageInspectError',
  'InvalidImageName',
  'RegistryUnavailable',
  'CreateContainerConfigError',
  'CreateContainerError',
  'RunContainerError',
  'StartError',
  'FailedCreatePodSandBox',
  'FailedMount',
  // this machine
  'UsageError',
  'RuntimeMissing',
  'RuntimeFailed',
  'SystemCallFailed',
  'SetupFailed',
  'PermissionDenied',
  'ImageArchiveInvalid',
  'ImageInUse',
  'StateLocked',
  'StateCorrupt',
  'Interrupted',
] as const

export type FailureReason = (typeof FAILURE_REASONS)[number]

/**
 * The one error that crosses folders.
 *
 * The message is for a person: what was tried, on what (quoted), what answered, what to do; lower case, no full stop.
 * What was caught stays in `cause`. Details carry data for machines, such as Kubernetes' field causes.
 */
export class Failure extends Error {
  readonly reason: FailureReason
  readonly details: Readonly<Record<string, unknown>> | undefined

  constructor(
    reason: FailureReason,
    message: string,
    options: { cause?: unknown; details?: Readonly<Record<string, unknown>> } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = 'Failure'
    this.reason = reason
    this.details = options.details
  }
}

/** The message of whatever was thrown. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown)
}
