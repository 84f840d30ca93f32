import type { PullStep } from './cli-machine.ts'
import { sizeText } from './size-text.ts'

/** How far the transfer of one image is. */
export interface PullView {
  readonly reference: string
  /** In the image's order. */
  readonly layers: readonly LayerView[]
}

export interface LayerView {
  readonly digest: string
  readonly doneBytes: number
  readonly totalBytes: number
  readonly step: 'waiting' | 'download' | 'unpack' | 'done' | 'exists'
  readonly retry?: number
}

export function applyPullStep(before: PullView | undefined, step: PullStep): PullView {
  const view = before ?? { reference: '', layers: [] }
  if (step.is === 'resolved') {
    const layers = step.layers.map(({ digest, sizeBytes }): LayerView => {
      const known = view.layers.find((layer) => layer.digest === digest)
      return known ?? { digest, doneBytes: 0, totalBytes: sizeBytes, step: 'waiting' }
    })
    return { reference: step.reference, layers }
  }
  const known = view.layers.find((layer) => layer.digest === step.digest)
  const base: LayerView = known ?? { digest: step.digest, doneBytes: 0, totalBytes: 0, step: 'waiting' }
  const { doneBytes, totalBytes } = step.is === 'layer' ? step : base
  const next: LayerView =
    step.is === 'layer'
      ? { digest: step.digest, doneBytes, totalBytes, step: step.step }
      : { ...base, retry: step.attempt }
  if (known === undefined) return { ...view, layers: [...view.layers, next] }
  return { ...view, layers: view.layers.map((layer) => (layer === known ? next : layer)) }
}

export function isPullDone(view: PullView): boolean {
  return view.layers.length > 0 && view.layers.every((layer) => layer.step === 'done' || layer.step === 'exists')
}

/** One line for the image and one for each layer, none wider than `columns - 1`. */
export function pullLines(view: PullView, columns: number): readonly string[] {
  const width = Math.max(1, columns - 1)
  return [view.reference, ...view.layers.map((layer) => `  ${layerLine(layer, width - 2)}`)].map((line) =>
    line.slice(0, width),
  )
}

function layerLine(layer: LayerView, width: number): string {
  const name = shortDigest(layer.digest)
  switch (layer.step) {
    case 'waiting':
      return `${name}  waiting${layer.retry === undefined ? '' : ` (try ${layer.retry})`}`
    case 'unpack':
      return `${name}  unpacking ${sizeText(layer.totalBytes)}`
    case 'done':
      return `${name}  done ${sizeText(layer.totalBytes)}`
    case 'exists':
      return `${name}  already here`
    case 'download': {
      const amount = `${sizeText(layer.doneBytes)} / ${sizeText(layer.totalBytes)}`.padStart(19)
      const room = Math.min(40, width - name.length - amount.length - 6)
      const share = layer.totalBytes === 0 ? 0 : Math.min(1, layer.doneBytes / layer.totalBytes)
      return room < 5 ? `${name}  ${amount}` : `${name}  [${bar(share, room)}] ${amount}`
    }
  }
}

function bar(share: number, room: number): string {
  const full = Math.round(share * room)
  const head = full > 0 && full < room ? `${'='.repeat(full - 1)}>` : '='.repeat(full)
  return head.padEnd(room)
}

/** The first twelve hex digits of `sha256:…`: what people compare. */
export function shortDigest(digest: string): string {
  return digest.replace(/^sha256:/, '').slice(0, 12)
}
