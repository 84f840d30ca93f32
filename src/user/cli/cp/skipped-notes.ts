/** All of a system's links, for example, would be hundreds of lines. */
const TOLD_ONE_BY_ONE = 10

/** What was left out of a copy, for standard error. */
export class SkippedNotes {
  readonly #told: string[] = []
  #others = 0

  readonly add = (name: string, why: string): void => {
    if (this.#told.length < TOLD_ONE_BY_ONE) this.#told.push(`not copied: ${JSON.stringify(name)}: ${why}\n`)
    else this.#others += 1
  }

  /** '' when everything was copied. */
  get text(): string {
    return this.#told.join('') + (this.#others === 0 ? '' : `not copied: ${this.#others} others like these\n`)
  }
}
