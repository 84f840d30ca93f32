import type { OutputStream } from './cli-environment.ts'
import { writeText } from './output.ts'

/** Lines at the bottom of a terminal that are repainted in place, while what is written scrolls above them. */
export class LiveArea {
  readonly #stream: OutputStream
  #lines: readonly string[] = []

  constructor(stream: OutputStream) {
    this.#stream = stream
  }

  get isPainted(): boolean {
    return this.#lines.length > 0
  }

  /** Writes above the area. While lines are painted, what is written ends with a line end. */
  write(text: string | Buffer): Promise<void> {
    if (text.length === 0) return Promise.resolve()
    if (!this.isPainted) return writeText(this.#stream, text)
    return writeText(
      this.#stream,
      Buffer.concat([Buffer.from(this.#erase()), Buffer.from(text), Buffer.from(this.#paint())]),
    )
  }

  /** Replaces the painted lines; each must fit the terminal's width. */
  setLines(lines: readonly string[]): void {
    // A terminal that cannot keep up misses a frame; the end of the area it must not miss.
    if (lines.length > 0 && this.#stream.writableNeedDrain) return
    const erase = this.#erase()
    this.#lines = lines
    const text = erase + this.#paint()
    if (text !== '') this.#stream.write(text)
  }

  #erase(): string {
    return this.#lines.length === 0 ? '' : `\u001b[${this.#lines.length}A\r\u001b[J`
  }

  #paint(): string {
    return this.#lines.map((line) => `${line}\n`).join('')
  }
}
