import type { Container } from '../api/pod.ts'
import type { ObservedContainer } from './observed-pod.ts'

/** The manifest names another image now than the one that the newest instance was made from (C4). */
export function isImageChanged(container: Container, record: ObservedContainer): boolean {
  return record.specImage !== undefined && record.specImage !== container.image
}
