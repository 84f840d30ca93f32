import { constants } from 'node:os'
import { durationText } from '../duration.ts'

/** One thing that happened to a pod or to one of its containers, worth a line. */
export type PodNews = ContainerNews | WholePodNews

export type ContainerNews = { readonly container: string } & (
  | { readonly is: 'pulling'; readonly image: string }
  | { readonly is: 'pulled'; readonly image: string; readonly tookMs: number }
  /** `instance` counts the container's starts from 0: Kubernetes' restartCount. */
  | { readonly is: 'started'; readonly instance: number }
  | { readonly is: 'ready' }
  | { readonly is: 'not-ready' }
  | { readonly is: 'stopping'; readonly message: string }
  | ContainerExit
  /** Told apart from the exit when the status told it later. */
  | { readonly is: 'back-off'; readonly inMs: number }
  | {
      readonly is: 'not-started'
      readonly reason: string
      readonly message: string
      readonly againInMs?: number
    }
  | Warning
)

export interface ContainerExit {
  readonly is: 'exited'
  readonly instance: number
  readonly exitCode: number
  /** Completed, Error, OOMKilled, StartError … */
  readonly reason: string
  readonly message?: string
  /** Milliseconds until the next start; 0 when it has happened or happens at once; absent when none is known of. */
  readonly restartInMs?: number
}

interface Warning {
  readonly is: 'warning'
  readonly reason: string
  readonly message: string
  /** How often it has happened so far. */
  readonly count: number
}

type WholePodNews = { readonly container?: undefined } &
  /** The server has taken it in, under this name. */
  (
    | { readonly is: 'pod-created' }
    | { readonly is: 'pod-ready'; readonly ready: number; readonly total: number; readonly tookMs?: number }
    | { readonly is: 'pod-stopping'; readonly graceSeconds: number }
    | {
        readonly is: 'pod-over'
        readonly phase: 'Succeeded' | 'Failed'
        readonly reason?: string
        readonly message?: string
      }
    | { readonly is: 'pod-gone' }
    | Warning
  )

/** A container that never became a process: there is no output to wait for. */
export function neverRan(exit: Pick<ContainerExit, 'reason'>): boolean {
  return exit.reason === 'StartError' || exit.reason === 'ContainerCannotRun'
}

/** The news in words, for the line that carries the container's or the pod's name already. */
export function newsText(news: PodNews): string {
  switch (news.is) {
    case 'pulling':
      return `pulling ${news.image}`
    case 'pulled':
      return `pulled in ${durationText(news.tookMs)}`
    case 'started':
      return news.instance === 0 ? 'started' : `started again (restart ${news.instance})`
    case 'ready':
      return 'ready'
    case 'not-ready':
      return 'not ready any more'
    case 'stopping':
      return news.message === '' ? 'stopping' : `stopping (${news.message})`
    case 'exited':
      return exitText(news)
    case 'back-off':
      return `restart in ${durationText(news.inMs)}`
    case 'not-started':
      return notStartedText(news)
    case 'warning':
      return `warning: ${news.reason}: ${news.message}${news.count > 1 ? ` (${news.count} times)` : ''}`
    case 'pod-created':
      return 'created'
    case 'pod-ready':
      return `ready (${news.ready}/${news.total})${news.tookMs === undefined ? '' : ` in ${durationText(news.tookMs)}`}`
    case 'pod-stopping':
      return `stopping (grace ${news.graceSeconds} s)`
    case 'pod-over':
      return `${news.phase}${news.reason === undefined ? '' : ` (${news.reason})`}${after(': ', news.message)}`
    case 'pod-gone':
      return 'stopped'
  }
}

function exitText(exit: ContainerExit): string {
  return `${endText(exit)}${restartText(exit.restartInMs)}`
}

function endText(exit: ContainerExit): string {
  if (neverRan(exit)) return `could not start${after(': ', exit.message)}`
  if (exit.reason === 'OOMKilled') return `killed (OOMKilled)`
  const signal = signalName(exit.exitCode - 128)
  return `exited ${exit.exitCode}${signal === undefined ? '' : ` (${signal})`}${after(': ', exit.message)}`
}

function restartText(restartInMs: number | undefined): string {
  if (restartInMs === undefined) return ''
  return restartInMs === 0 ? ' → restarting' : ` → restart in ${durationText(restartInMs)}`
}

const IMAGE_REASONS = [
  'ErrImagePull',
  'ImagePullBackOff',
  'ErrImageNeverPull',
  'InvalidImageName',
  'ImageInspectError',
  'RegistryUnavailable',
]

function notStartedText(news: { reason: string; message: string; againInMs?: number }): string {
  const again = news.againInMs === undefined ? '' : ` → again in ${durationText(news.againInMs)}`
  const what = IMAGE_REASONS.includes(news.reason) ? 'image pull failed' : news.reason
  return `${what}${after(': ', news.message)}${again}`
}

function after(separator: string, text: string | undefined): string {
  return text === undefined || text === '' ? '' : `${separator}${text}`
}

function signalName(number: number): string | undefined {
  return Object.entries(constants.signals).find((entry) => entry[1] === number)?.[0]
}
