import { everyContainer } from '../api/pod.ts'
import type { Container, Pod, PodStatus } from '../api/pod.ts'
import { everyStatus } from './every-status.ts'
import type { PodCourse } from './pod-course.ts'

/** What a Kubernetes node says of a pod when its status or its course changes, beside what it says of its own steps. */
export interface PodEvent {
  readonly type: 'Normal' | 'Warning'
  readonly reason: string
  readonly message: string
  /** The container that it is about; absent: the pod itself. */
  readonly container?: string
}

export interface ToldOfPod {
  readonly status: PodStatus | undefined
  readonly course: PodCourse | undefined
}

/** @param before what was told last; a restart of the agent may make it tell a thing twice. */
export function computePodEvents(pod: Pod, before: ToldOfPod, now: ToldOfPod): PodEvent[] {
  const backOffs = everyContainer(pod).flatMap((container) => {
    const reason = waitingReason(now.status, container)
    return reason === waitingReason(before.status, container) ? [] : backOffEvents(pod, container, reason)
  })
  return isLate(now) && !isLate(before) ? [...backOffs, DEADLINE] : backOffs
}

const DEADLINE: PodEvent = {
  type: 'Normal',
  reason: 'DeadlineExceeded',
  message: 'Pod was active on the node longer than the specified deadline',
}

function isLate({ course }: ToldOfPod): boolean {
  return course?.is === 'ending' && course.because === 'DeadlineExceeded'
}

function backOffEvents(pod: Pod, { name, image }: Container, reason: string | undefined): PodEvent[] {
  if (reason === 'CrashLoopBackOff') {
    const which = `${pod.metadata.name}_${pod.metadata.namespace}(${pod.metadata.uid})`
    const message = `Back-off restarting failed container ${name} in pod ${which}`
    return [{ type: 'Warning', reason: 'BackOff', message, container: name }]
  }
  if (reason === 'ImagePullBackOff') {
    return [
      { type: 'Normal', reason: 'BackOff', message: `Back-off pulling image "${image}"`, container: name },
      { type: 'Warning', reason: 'Failed', message: 'Error: ImagePullBackOff', container: name },
    ]
  }
  return []
}

function waitingReason(status: PodStatus | undefined, { name }: Container): string | undefined {
  return everyStatus(status).find((container) => container.name === name)?.state?.waiting?.reason
}
