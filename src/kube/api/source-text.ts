import type { SourcePosition } from './problem.ts'

/** Where one value stands in a text, as offsets, and what is inside it. */
export interface SourceNode {
  readonly valueOffset: number
  /** Where its name stands, when it is a field of an object. */
  readonly keyOffset: number | undefined
  /** A scalar without quotes as it is written. */
  readonly written: string | undefined
  /** By field name or index; undefined for a scalar. */
  readonly children: ReadonlyMap<string, SourceNode> | undefined
}

/** A text that manifests are read from: turns offsets into lines and columns. */
export class SourceText {
  readonly file: string
  readonly text: string
  readonly #lineStarts: readonly number[]

  constructor(file: string, text: string) {
    this.file = file
    this.text = text
    this.#lineStarts = [0, ...[...text.matchAll(/\r\n|\n|\r/g)].map((match) => match.index + match[0].length)]
  }

  position(offset: number): SourcePosition {
    let low = 0
    let high = this.#lineStarts.length - 1
    while (low < high) {
      const middle = Math.ceil((low + high) / 2)
      if ((this.#lineStarts[middle] ?? 0) <= offset) low = middle
      else high = middle - 1
    }
    return { file: this.file, line: low + 1, column: offset - (this.#lineStarts[low] ?? 0) + 1 }
  }
}

/**
 * The node at a Kubernetes field path such as `spec.containers[0].env`, or the last one on the way that is there.
 * Names may hold dots and brackets: what is there decides how the path is read.
 */
export function findNode(root: SourceNode, path: string): { readonly node: SourceNode; readonly found: boolean } {
  let node = root
  let rest = path
  while (rest !== '') {
    const step = nextStep(node, rest)
    if (step === undefined) return { node, found: false }
    node = step.node
    rest = step.rest
  }
  return { node, found: true }
}

function nextStep(node: SourceNode, path: string): { node: SourceNode; rest: string } | undefined {
  const plain = path.startsWith('.') ? path.slice(1) : path
  let best: { node: SourceNode; rest: string; length: number } | undefined
  for (const [name, child] of node.children ?? []) {
    for (const start of [name, `[${name}]`]) {
      const rest = plain.slice(start.length)
      const matches = plain.startsWith(start) && (rest === '' || rest.startsWith('.') || rest.startsWith('['))
      if (matches && start.length > (best?.length ?? -1)) best = { node: child, rest, length: start.length }
    }
  }
  return best
}
