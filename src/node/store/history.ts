import { Failure } from '../../failure.ts'
import type { Change } from './change.ts'
import type { ChangeLog } from './change-log.ts'
import type { Journal } from './journal.ts'
import { expired } from './store-failure.ts'

/** How many changes are taken at a time. */
const PAGE = 256

/** All changes that are still known: the newest from memory, older ones from the journal. */
export class History {
  readonly #log: ChangeLog
  readonly #journal: Journal

  constructor(log: ChangeLog, journal: Journal) {
    this.#log = log
    this.#journal = journal
  }

  /** Changes after this version are known. */
  get oldest(): number {
    return Math.min(this.#log.start, this.#journal.oldest)
  }

  /**
   * A client's resourceVersion as a number. One from the future was given by a store that is gone: its client has to
   * start afresh, like one that comes too late.
   *
   * @throws Failure BadRequest, Expired
   */
  parseVersion(text: string): number {
    const version = /^\d{1,15}$/.test(text) ? Number(text) : NaN
    if (Number.isNaN(version)) {
      throw new Failure(
        'BadRequest',
        `resourceVersion: Invalid value: "${text}": must be a version that a list, a watch or an object carried`,
      )
    }
    if (version > this.#log.end || version < this.oldest) throw expired(text, this.oldest)
    return version
  }

  /** The next changes, some of them: none when there are none. @throws Failure Expired */
  after(version: number): readonly Change[] {
    if (version >= this.#log.start) return this.#log.after(version, PAGE)
    if (version >= this.#journal.oldest) return this.#journal.read(version, PAGE)
    throw expired(String(version), this.oldest)
  }

  /** All changes after a version. @throws Failure Expired */
  allAfter(version: number): readonly Change[] {
    const changes: Change[] = []
    for (let cursor = version; cursor < this.#log.end; cursor = changes.at(-1)?.resourceVersion ?? this.#log.end) {
      changes.push(...this.after(cursor))
    }
    return changes
  }
}
