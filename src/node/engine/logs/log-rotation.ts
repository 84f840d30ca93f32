import { readdirSync, statSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { messageOf } from '../../../failure.ts'
import type { ContainerRuntime } from '../../../machine/runtime/container-runtime.ts'
import type { Clock } from '../clock.ts'
import { computeLogRotation, type LogFile, type LogLimits, type LogOnDisk } from './compute-log-rotation.ts'
import { keptLogNames } from './kept-log-name.ts'
import { nextLookAtMs } from './next-look.ts'
import { removeLogFiles } from './remove-log-files.ts'

/** After a rotation that failed: the disk is full, say. */
const AGAIN_AFTER_MS = 1_000

export interface LogRotationParts {
  readonly clock: Clock
  readonly runtime: Pick<ContainerRuntime, 'rotateLog'>
  readonly limits: LogLimits
  /** One line for the server's own log. */
  readonly log: (line: string) => void
}

/** A log that grows. */
export interface GrowingLog {
  /** The container's name in the runtime. */
  readonly id: string
  readonly logFile: string
}

/** Somebody who follows a log: what he has yet to read is not removed before he had time to. */
export interface LogHold extends Disposable {
  /** He is reading this file of the log now. */
  at(inode: number): void
}

interface Looked extends GrowingLog {
  readonly pod: string
  bytes: number
  atMs: number
  nextAtMs: number
  /** Nobody has looked what there is beside the log: an earlier engine may have been killed while it was rotating it. */
  isNew: boolean
  isBusy: boolean
  complaint: string
}

/** Keeps the logs of all running containers within their limits. */
export class LogRotation {
  readonly #parts: LogRotationParts
  /** By container ID. */
  readonly #logs = new Map<string, Looked>()
  /** Inodes that are being read, by log file. */
  readonly #holds = new Map<string, Set<{ inode: number }>>()
  readonly #stopped = new AbortController()
  #forgetTimer: () => void = () => undefined

  constructor(parts: LogRotationParts) {
    this.#parts = parts
  }

  /** These are the logs of a pod that grow now. */
  follow(pod: string, logs: readonly GrowingLog[]): void {
    for (const known of this.#logs.values()) {
      if (known.pod === pod && !logs.some(({ id }) => id === known.id)) this.#logs.delete(known.id)
    }
    const added = logs.filter(({ id }) => !this.#logs.has(id))
    const atMs = this.#parts.clock.nowMs()
    for (const log of added) {
      const { id, logFile } = log
      const unseen = { bytes: 0, atMs, nextAtMs: atMs, isNew: true, isBusy: false, complaint: '' }
      this.#logs.set(log.id, { id, logFile, pod, ...unseen })
    }
    if (added.length > 0 || this.#logs.size === 0) this.#schedule()
  }

  hold(logFile: string): LogHold {
    const hold = { inode: 0 }
    const holds = this.#holds.get(logFile) ?? new Set()
    this.#holds.set(logFile, holds.add(hold))
    return {
      at: (inode) => void (hold.inode = inode),
      [Symbol.dispose]: () => {
        holds.delete(hold)
        if (holds.size === 0) this.#holds.delete(logFile)
        this.#removeExcess(logFile)
      },
    }
  }

  stop(): void {
    this.#stopped.abort()
    this.#forgetTimer()
  }

  #schedule(): void {
    this.#forgetTimer()
    if (this.#stopped.signal.aborted) return
    const { clock } = this.#parts
    const waiting = [...this.#logs.values()].filter(({ isBusy }) => !isBusy)
    const atMs = waiting.reduce((earliest, { nextAtMs }) => Math.min(earliest, nextAtMs), Infinity)
    this.#forgetTimer = clock.callAt(atMs, () => {
      const nowMs = clock.nowMs()
      for (const log of this.#logs.values()) {
        // It may have been set back since the last look.
        const isDue = log.nextAtMs <= nowMs || nowMs < log.atMs
        if (isDue && !log.isBusy) this.#look(log, nowMs)
      }
      this.#schedule()
    })
  }

  #look(log: Looked, nowMs: number): void {
    const { limits } = this.#parts
    const bytes = statSync(log.logFile, { throwIfNoEntry: false })?.size ?? 0
    const growth = { bytes, grownBytes: bytes - log.bytes, passedMs: nowMs - log.atMs }
    log.bytes = bytes
    log.atMs = nowMs
    log.nextAtMs = nextLookAtMs(growth, limits.maxBytes, nowMs)
    if (!log.isNew && bytes < limits.maxBytes) return
    log.isBusy = true
    void this.#rotate(log, nowMs).finally(() => {
      log.isBusy = false
      this.#schedule()
    })
  }

  async #rotate(log: Looked, nowMs: number): Promise<void> {
    try {
      const found = this.#find(log.logFile)
      if (found === undefined) return
      const { remove, keepAs } = computeLogRotation(found, this.#parts.limits, nowMs)
      const folder = dirname(log.logFile)
      removeLogFiles(folder, remove)
      if (keepAs !== undefined) {
        await this.#parts.runtime.rotateLog({ id: log.id, keptAs: join(folder, keepAs) }, this.#stopped.signal)
        log.bytes = 0
        log.atMs = this.#parts.clock.nowMs()
        log.nextAtMs = log.atMs
      }
      log.isNew = false
      log.complaint = ''
    } catch (error) {
      if (messageOf(error) !== log.complaint) this.#parts.log(messageOf(error))
      log.complaint = messageOf(error)
      log.nextAtMs = nowMs + AGAIN_AFTER_MS
    }
  }

  /** Somebody has let go of a log. */
  #removeExcess(logFile: string): void {
    try {
      const found = this.#find(logFile)
      if (found === undefined) return
      const live = { ...found.live, bytes: 0 }
      const { remove } = computeLogRotation({ ...found, live }, this.#parts.limits, 0)
      removeLogFiles(dirname(logFile), remove)
    } catch (error) {
      this.#parts.log(`remove what is not kept of the log "${logFile}": ${messageOf(error)}`)
    }
  }

  #find(logFile: string): LogOnDisk | undefined {
    const folder = dirname(logFile)
    const live = fileAt(logFile)
    if (live === undefined) return undefined
    const kept = keptLogNames(live.name, readdirSync(folder))
      .map((name) => fileAt(join(folder, name)))
      .filter((file) => file !== undefined)
    const held = [...(this.#holds.get(logFile) ?? [])].map(({ inode }) => inode)
    return { live, kept, held }
  }
}

function fileAt(path: string): LogFile | undefined {
  const stats = statSync(path, { throwIfNoEntry: false })
  return stats === undefined ? undefined : { name: basename(path), inode: stats.ino, bytes: stats.size }
}
