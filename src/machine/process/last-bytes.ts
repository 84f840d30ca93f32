/** Keeps the end of a stream of bytes. */
export class LastBytes {
  readonly #limitBytes: number
  readonly #chunks: Buffer[] = []
  #bytes = 0

  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes
  }

  add(chunk: Buffer): void {
    this.#chunks.push(chunk)
    this.#bytes += chunk.length
    for (let [first] = this.#chunks; first !== undefined; [first] = this.#chunks) {
      if (this.#bytes - first.length < this.#limitBytes) return
      this.#chunks.shift()
      this.#bytes -= first.length
    }
  }

  /** A character that the limit cuts in two is left out. */
  text(): string {
    let bytes = Buffer.concat(this.#chunks)
    if (bytes.length > this.#limitBytes) {
      bytes = bytes.subarray(bytes.length - this.#limitBytes)
      let start = 0
      while (start < MOST_CONTINUATION_BYTES && isContinuation(bytes[start])) start += 1
      bytes = bytes.subarray(start)
    }
    return bytes.toString('utf8')
  }
}

const MOST_CONTINUATION_BYTES = 3

function isContinuation(byte: number | undefined): boolean {
  return byte !== undefined && (byte & 0xc0) === 0x80
}
