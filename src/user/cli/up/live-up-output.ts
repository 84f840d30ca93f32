import { allContainers, type Pod } from '../../../kube/api/pod.ts'
import type { OutputStream } from '../cli-environment.ts'
import { LiveArea } from '../live-area.ts'
import { newsText, type PodNews } from '../run/pod-news.ts'
import { stylist, type Style } from '../style.ts'
import { appliedText } from './plain-up-output.ts'
import type { UpOutput } from './up-output.ts'

const SIGNS = {
  waiting: { mark: '·', style: 'dim' },
  good: { mark: '✔', style: 'green' },
  bad: { mark: '✖', style: 'red' },
} as const satisfies Record<string, { readonly mark: string; readonly style: Style }>

interface ProgressLine {
  readonly label: string
  readonly text: string
  readonly sign: keyof typeof SIGNS
}

/** One line for each container, repainted in place; the last state of each stays. */
export function liveUpOutput({ stdout, colours }: { stdout: OutputStream; colours: boolean }): UpOutput {
  const area = new LiveArea(stdout)
  const style = stylist(colours)
  const lines = new Map<string, ProgressLine>()
  let writing: Promise<void> = Promise.resolve()

  function painted(): readonly string[] {
    const width = Math.max(0, ...[...lines.values()].map(({ label }) => label.length))
    const columns = Math.max(stdout.columns ?? 80, 20)
    return [...lines.values()].map(({ label, text, sign }) => {
      const { mark, style: dress } = SIGNS[sign]
      return style(dress, `${mark} ${label.padEnd(width)}  ${text.replaceAll('\n', ' ')}`.slice(0, columns - 1))
    })
  }
  return {
    applied(object, dryRun) {
      writing = writing.then(() => area.write(`${appliedText(object, dryRun)}\n`))
      writing.catch(() => undefined)
    },
    news(pod, news) {
      for (const { name } of allContainers(pod)) {
        const key = `${pod.metadata.uid}/${name}`
        const before = lines.get(key) ?? { label: `${pod.metadata.name}/${name}`, text: 'waiting', sign: 'waiting' }
        lines.set(key, news.container === undefined || news.container === name ? next(before, news, pod) : before)
      }
      area.setLines(painted())
    },
    async end() {
      area.setLines([])
      await writing
      await area.write(
        painted()
          .map((line) => `${line}\n`)
          .join(''),
      )
    },
  }
}

function next(before: ProgressLine, news: PodNews, pod: Pod): ProgressLine {
  if (news.is === 'pod-ready') return { ...before, sign: before.sign === 'bad' ? 'bad' : 'good' }
  if (news.container === undefined) {
    const says = news.is === 'warning' && pod.status?.containerStatuses === undefined
    return says ? { ...before, text: newsText(news) } : before
  }
  const isGood = news.is === 'ready' || (news.is === 'exited' && news.exitCode === 0)
  const isBad = news.is === 'exited' || news.is === 'not-started' || news.is === 'back-off'
  return { ...before, text: newsText(news), sign: isGood ? 'good' : isBad ? 'bad' : 'waiting' }
}
