import { humanDuration } from '../../../kube/api/printing/human-duration.ts'

/**
 * How long ago an instant was, as kubectl prints it: `5s`, `3h20m`, `<unknown>` when there is no instant.
 *
 * @param instant RFC 3339, such as a creationTimestamp.
 */
export function age(instant: string | undefined, nowMs: number): string {
  return instant === undefined ? '<unknown>' : humanDuration(nowMs - Date.parse(instant))
}
