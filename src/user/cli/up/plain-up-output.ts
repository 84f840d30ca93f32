import type { OutputStream } from '../cli-environment.ts'
import { describeObject } from '../objects/place-objects.ts'
import { writeText } from '../output.ts'
import { newsText } from '../run/pod-news.ts'
import { stylist } from '../style.ts'
import type { AppliedObject } from './apply-object.ts'
import type { UpOutput } from './up-output.ts'

/** What happens, line by line: for a pipe or a file. */
export function plainUpOutput({ stdout, colours }: { stdout: OutputStream; colours: boolean }): UpOutput {
  const style = stylist(colours)
  const lines = lineWriter(stdout)
  return {
    applied: (object, dryRun) => lines.write(appliedText(object, dryRun)),
    news(pod, news) {
      const { name } = pod.metadata
      const subject = news.container === undefined ? `pod ${name}:` : `${name}/${news.container} ·`
      lines.write(style('dim', `${subject} ${newsText(news)}`))
    },
    end: () => lines.written(),
  }
}

/** One JSON object a line; `type` is object, status or end. */
export function jsonUpOutput({ stdout, nowMs }: { stdout: OutputStream; nowMs: () => number }): UpOutput {
  const lines = lineWriter(stdout)
  const write = (object: object): void =>
    lines.write(JSON.stringify({ time: new Date(nowMs()).toISOString(), ...object }))
  return {
    applied({ type: { apiVersion, kind }, name, namespace, is }, dryRun) {
      write({ type: 'object', apiVersion, kind, namespace, name, result: is, ...(dryRun ? { dryRun } : {}) })
    },
    news({ metadata: { name, namespace } }, { is, container, ...facts }) {
      const text = newsText({ is, container, ...facts } as Parameters<typeof newsText>[0])
      write({ type: 'status', namespace, pod: name, container, event: is, ...facts, text })
    },
    end(outcomes, exitCode) {
      const pods = outcomes.map(({ pod: { metadata, status }, verdict }) => ({
        namespace: metadata.namespace,
        pod: metadata.name,
        phase: status?.phase,
        result: verdict.is,
        ...(verdict.is === 'failed' ? { reason: verdict.why } : {}),
      }))
      write({ type: 'end', exitCode, pods })
      return lines.written()
    },
  }
}

export function appliedText(object: AppliedObject, dryRun: boolean): string {
  return `${describeObject(object)} ${object.is}${dryRun ? ' (dry run)' : ''}`
}

/** Writes lines one after the other; what failed is told at the end. */
function lineWriter(stdout: OutputStream) {
  let writing: Promise<void> = Promise.resolve()
  return {
    write(line: string): void {
      writing = writing.then(() => writeText(stdout, `${line}\n`))
      // Told by `written`, and until then nobody's.
      writing.catch(() => undefined)
    },
    written: (): Promise<void> => writing,
  }
}
