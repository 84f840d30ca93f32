import type { FileHandle } from 'node:fs/promises'
import { glob, open } from 'node:fs/promises'

const CHUNK_BYTES = 65_536

/** Reads the lines that programs append to files, each line once, as often as it is asked. */
export class FollowedFiles {
  readonly #pattern: string
  /** Bytes read and the unfinished last line, by file. */
  readonly #progress = new Map<string, { offset: number; rest: string }>()

  /** @param pattern a glob such as `/var/log/app/*.log`; files may come later. */
  constructor(pattern: string) {
    this.#pattern = pattern
  }

  /** The whole lines that came since the last call. A file that became shorter is read from its start again. */
  async *newLines(): AsyncGenerator<{ readonly file: string; readonly line: string }> {
    for await (const file of glob(this.#pattern)) {
      await using handle = await open(file, 'r')
      yield* this.#newLinesOf(file, handle)
    }
  }

  async *#newLinesOf(file: string, handle: FileHandle): AsyncGenerator<{ file: string; line: string }> {
    const { size } = await handle.stat()
    const known = this.#progress.get(file)
    let { offset, rest } = known === undefined || size < known.offset ? { offset: 0, rest: '' } : known
    while (offset < size) {
      const { bytesRead, buffer } = await handle.read(Buffer.alloc(CHUNK_BYTES), 0, CHUNK_BYTES, offset)
      if (bytesRead === 0) break
      offset += bytesRead
      // latin1 keeps every byte, so that a character cut by a chunk's end is whole again in its line.
      const lines = (rest + buffer.toString('latin1', 0, bytesRead)).split('\n')
      rest = lines.pop() ?? ''
      this.#progress.set(file, { offset, rest })
      for (const line of lines) yield { file, line: Buffer.from(line, 'latin1').toString('utf8') }
    }
  }
}
