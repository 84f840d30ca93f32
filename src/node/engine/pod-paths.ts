import { createHash } from 'node:crypto'
import { join } from 'node:path'

/** Where everything of one pod lies below an instance directory. */
export interface PodPaths {
  readonly pod: string
  readonly sandbox: string
  readonly volumes: string
  readonly logs: string
  /** Holds one folder for each instance of a container: see stagingOf. */
  readonly staging: string
  /** One empty file for each image that the pod stands on, named by its ID. */
  readonly images: string
  /** What is known of the pod, and what is wanted of it: for the engine that comes after a killed one. */
  readonly record: string
  readonly copy: string
}

/** Holds one folder for each pod that an engine has on the machine, named by its UID. */
export function podsFolder(instanceDirectory: string): string {
  return join(instanceDirectory, 'pods')
}

export function podPaths(instanceDirectory: string, uid: string): PodPaths {
  const pod = join(podsFolder(instanceDirectory), uid)
  return {
    pod,
    sandbox: join(pod, 'sandbox'),
    volumes: join(pod, 'volumes'),
    logs: join(pod, 'logs'),
    staging: join(pod, 'staging'),
    images: join(pod, 'images'),
    record: join(pod, 'record.json'),
    copy: join(pod, 'pod.json'),
  }
}

/** Where a container's log files are, of all its instances. */
export function logFolder(logsDirectory: string, container: string): string {
  return join(logsDirectory, container)
}

/** The CRI log file of one instance of a container (Q9). */
export function logFileOf(logsDirectory: string, container: string, restarts: number): string {
  return join(logFolder(logsDirectory, container), `${restarts}.log`)
}

/**
 * What was made for one instance of a container to be mounted into it: its termination message, places inside of volumes,
 * the volumes that its image declares.
 */
export function stagingOf(paths: PodPaths, container: string, instance: string): string {
  return join(paths.staging, `${container}-${instance}`)
}

export function containerDirectory(paths: PodPaths, container: string, instance: string): string {
  return join(paths.pod, 'containers', `${container}-${instance}`)
}

const LONGEST_READABLE_NAME = 32

/**
 * The runtime's name of one instance of a container: unique on the machine and readable by a person.
 *
 * @param instance distinguishes instances of the same container: sandbox attempt and restarts.
 */
export function containerId(uid: string, container: string, instance: string): string {
  const readable =
    container.length <= LONGEST_READABLE_NAME
      ? container
      : `${container.slice(0, LONGEST_READABLE_NAME - 9)}-${createHash('sha256').update(container).digest('hex').slice(0, 8)}`
  return `${uid.replaceAll('-', '').slice(0, 16)}-${readable}-${instance}`
}
