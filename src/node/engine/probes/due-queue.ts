/** What is due comes first: a binary heap. */
export class DueQueue<T> {
  readonly #heap: { readonly atMs: number; readonly item: T }[] = []

  /** When the first one is due; Infinity when there is none. */
  get nextAtMs(): number {
    return this.#heap[0]?.atMs ?? Infinity
  }

  add(atMs: number, item: T): void {
    const heap = this.#heap
    let at = heap.push({ atMs, item }) - 1
    while (at > 0 && this.#isBefore(at, (at - 1) >> 1)) {
      this.#swap(at, (at - 1) >> 1)
      at = (at - 1) >> 1
    }
  }

  /** Takes out the first one if it is due. */
  takeDue(nowMs: number): T | undefined {
    const heap = this.#heap
    if (this.nextAtMs > nowMs) return undefined
    this.#swap(0, heap.length - 1)
    const taken = heap.pop()
    for (let at = 0; ;) {
      const [left, right] = [2 * at + 1, 2 * at + 2]
      let first = this.#isBefore(left, at) ? left : at
      if (this.#isBefore(right, first)) first = right
      if (first === at) return taken?.item
      this.#swap(at, first)
      at = first
    }
  }

  #isBefore(one: number, other: number): boolean {
    return (this.#heap[one]?.atMs ?? Infinity) < (this.#heap[other]?.atMs ?? Infinity)
  }

  #swap(one: number, other: number): void {
    const [first, second] = [this.#heap[one], this.#heap[other]]
    if (first === undefined || second === undefined) return
    this.#heap[one] = second
    this.#heap[other] = first
  }
}
