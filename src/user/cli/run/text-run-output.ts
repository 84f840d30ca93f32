import { LiveArea } from '../live-area.ts'
import { stylist, CONTAINER_STYLES, RESET } from '../style.ts'
import { applyPullStep, isPullDone, pullLines, type PullView } from '../pull-view.ts'
import type { OutputStream } from '../cli-environment.ts'
import { newsText } from './pod-news.ts'
import type { RunOutput } from './run-output.ts'

export interface TextRunOptions {
  readonly stdout: OutputStream
  readonly colours: boolean
  /** Every container that may write, in the order in which colours are given out. */
  readonly sources: readonly { readonly pod: string; readonly container: string }[]
  readonly nowMs: () => number
}

const REPAINT_MS = 80

/** Lines for people: output behind its container's name, what happens to it dimmed in between. */
export function textRunOutput(options: TextRunOptions): RunOutput {
  const { stdout, colours, nowMs } = options
  const style = stylist(colours)
  const area = new LiveArea(stdout)
  const label = labeller(options.sources)
  for (const { pod, container } of options.sources) label(pod, container)
  const pulls = new Map<string, PullView>()
  let paintedAtMs = 0
  /** Whose last line is not ended yet on the screen. */
  let open: string | undefined

  const endOpenLine = (): string => {
    const end = open === undefined ? '' : '\n'
    open = undefined
    return end
  }
  return {
    lines(source, lines) {
      const { text, colour } = label(source.pod, source.container)
      const prefix = Buffer.from(style(colour, `${text} | `))
      const parts: Buffer[] = []
      for (const line of lines) {
        if (open !== text) parts.push(Buffer.from(endOpenLine()), prefix)
        parts.push(line.bytes)
        // A colour that the container left on must not run into the next line.
        if (colours && line.bytes.includes(0x1b)) parts.push(Buffer.from(RESET))
        open = line.partial && !area.isPainted ? text : undefined
        if (open === undefined) parts.push(Buffer.from('\n'))
      }
      return area.write(Buffer.concat(parts))
    },
    news(pod, news) {
      if (news.is === 'pulled') pulls.delete(news.image)
      if (news.is === 'not-started') pulls.clear()
      if (pulls.size === 0) area.setLines([])
      const subject = news.container === undefined ? `pod ${pod}:` : `${label(pod, news.container).text} ·`
      return area.write(`${endOpenLine()}${style('dim', `${subject} ${newsText(news)}`)}\n`)
    },
    notice: (text) => area.write(`${endOpenLine()}${style('dim', text)}\n`),
    pullProgress(image, step) {
      const known = pulls.get(image)
      if (stdout.isTTY !== true || (known === undefined && step.is !== 'resolved')) return
      const view = applyPullStep(known, step)
      if (isPullDone(view)) pulls.delete(image)
      else pulls.set(image, view)
      const isDue = pulls.size === 0 || nowMs() - paintedAtMs >= REPAINT_MS
      if (!isDue || open !== undefined) return
      paintedAtMs = nowMs()
      area.setLines([...pulls.values()].flatMap((view) => pullLines(view, stdout.columns ?? 80)))
    },
    end() {
      area.setLines([])
      return area.write(endOpenLine())
    },
  }
}

function labeller(sources: TextRunOptions['sources']) {
  const severalPods = new Set(sources.map((source) => source.pod)).size > 1
  const nameOf = (pod: string, container: string): string => (severalPods ? `${pod}/${container}` : container)
  const width = Math.max(0, ...sources.map(({ pod, container }) => nameOf(pod, container).length))
  const places = new Map<string, number>()
  return (pod: string, container: string) => {
    const name = nameOf(pod, container)
    const place = places.get(name) ?? places.size
    places.set(name, place)
    return { text: name.padEnd(width), colour: CONTAINER_STYLES[place % CONTAINER_STYLES.length] ?? 'cyan' }
  }
}
