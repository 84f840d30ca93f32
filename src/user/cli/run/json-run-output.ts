import type { OutputStream } from '../cli-environment.ts'
import { writeText } from '../output.ts'
import { newsText } from './pod-news.ts'
import type { RunOutput } from './run-output.ts'

/** One JSON object a line; `type` is log, status, notice or end. */
export function jsonRunOutput(stdout: OutputStream, nowMs: () => number): RunOutput {
  const time = (): string => new Date(nowMs()).toISOString()
  const write = (...objects: readonly object[]): Promise<void> =>
    writeText(stdout, objects.map((object) => `${JSON.stringify(object)}\n`).join(''))
  return {
    lines: (source, lines) =>
      write(
        ...lines.map((line) => ({
          time: line.time === '' ? time() : line.time,
          type: 'log',
          pod: source.pod,
          container: source.container,
          ...(line.stream === undefined ? {} : { stream: line.stream }),
          line: line.bytes.toString('utf8'),
          ...(line.partial ? { partial: true } : {}),
        })),
      ),
    news: (pod, news) => {
      const { is, container, message, ...facts } = { message: undefined, ...news }
      return write({
        time: time(),
        type: 'status',
        pod,
        ...(container === undefined ? {} : { container }),
        event: is,
        ...facts,
        ...(message === undefined ? {} : { message }),
        text: newsText(news),
      })
    },
    notice: (text) => write({ time: time(), type: 'notice', text }),
    pullProgress: () => undefined,
    end: ({ exitCode, pods }) => {
      const failed = pods.find((pod) => pod.phase !== 'Succeeded')
      return write({ time: time(), type: 'end', phase: (failed ?? pods[0])?.phase ?? 'Unknown', exitCode, pods })
    },
  }
}
