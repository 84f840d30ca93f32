import { mkdirSync, readFileSync } from 'node:fs'
import { dirname } from 'node:path'
import type { Pod } from '../../kube/api/pod.ts'
import type { Amounts } from '../../kube/lifecycle/allocation.ts'
import type { ContainerUser, ObservedPod } from '../../kube/lifecycle/observed-pod.ts'
import type { PodPaths } from './pod-paths.ts'
import { replaceFile } from './replace-file.ts'

/** One container that was made for a pod and is still on the machine. */
export interface Instance {
  readonly id: string
  readonly container: string
  readonly logFile: string
  readonly terminationMessageFile: string
  /** The name of the signal that asks it to stop (H8). */
  readonly stopSignal: string
  readonly image: { readonly name: string; readonly id: string }
  /** Absent in records of earlier releases. */
  readonly user?: ContainerUser
  /** What it was made with; absent in records of earlier releases. */
  readonly amounts?: Amounts
}

/**
 * What is kept on disk of one pod, so that the engine that comes after a killed one goes on where that one was. It is
 * never behind what the store has been told, and never behind a program that was let run.
 */
export interface PodRecord {
  /** What was observed last. Fields that a later release adds ride along; those that it drops are ignored. */
  readonly seen: ObservedPod
  /** Host directories of the pod's volumes, by name. */
  readonly volumes: Readonly<Record<string, string>>
  readonly instances: readonly Instance[]
  /** Of the machine's run that it was written in: nothing that runs outlives that. */
  readonly bootId: string
}

/** Raised only when an older release could not go on with the record of a newer one. */
const VERSION = 1

export function writePodRecord(paths: PodPaths, record: PodRecord): void {
  writeBelow(paths.record, JSON.stringify({ version: VERSION, ...record }))
}

/** @returns undefined when there is none, or none that can be read: the machine went down while it was written. */
export function readPodRecord(paths: PodPaths): PodRecord | undefined {
  const read = readJson(paths.record) as (PodRecord & { readonly version: number }) | undefined
  if (read?.version !== VERSION) return undefined
  const { seen, volumes, instances, bootId } = read
  return { seen, volumes, instances, bootId }
}

/** Keeps what is wanted of the pod beside what is known of it: enough to go on with it when the store is lost. */
export function writePodCopy(paths: PodPaths, pod: Pod): void {
  writeBelow(paths.copy, JSON.stringify(pod))
}

export function readPodCopy(paths: PodPaths): Pod | undefined {
  return readJson(paths.copy) as Pod | undefined
}

function writeBelow(path: string, text: string): void {
  try {
    replaceFile(path, text)
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error
    // The first thing that is written of a pod makes its folder.
    mkdirSync(dirname(path), { recursive: true, mode: 0o711 })
    replaceFile(path, text)
  }
}

function readJson(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, 'utf8'))
  } catch (error) {
    if (error instanceof SyntaxError || codeOf(error) === 'ENOENT') return undefined
    throw error
  }
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined
}
