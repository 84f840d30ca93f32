import type { PullStep } from '../cli-machine.ts'
import type { PodNews } from './pod-news.ts'
import type { LogLine } from './split-log.ts'

/** Where `run` shows what happens: text for people or JSON for programs. */
export interface RunOutput {
  lines(source: { readonly pod: string; readonly container: string }, lines: readonly LogLine[]): Promise<void>
  news(pod: string, news: PodNews): Promise<void>
  /** A sentence of the command itself, such as what Ctrl-C does next. */
  notice(text: string): Promise<void>
  pullProgress(image: string, step: PullStep): void
  end(result: RunResult): Promise<void>
}

export interface RunResult {
  readonly exitCode: number
  readonly pods: readonly { readonly pod: string; readonly phase: string; readonly exitCode: number }[]
}
