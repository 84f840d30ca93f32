import assert from 'node:assert/strict'
import { execFile, execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** One version of kubectl on this machine. */
export interface KubectlProgram {
  /** `1.33` */
  readonly version: string
  readonly path: string
}

export interface KubectlEnd {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

/** Where some machines keep several versions side by side, as `kubectl.1.27` …, behind one dispatcher. */
const SIDE_BY_SIDE = '/usr/lib/google-cloud-sdk/bin'
const LONGEST_RUN_MS = 60_000

/** Every kubectl that there is, oldest first. */
export function findKubectls(): readonly KubectlProgram[] {
  const folder = existsSync(SIDE_BY_SIDE) ? SIDE_BY_SIDE : undefined
  const versions = (folder === undefined ? [] : readdirSync(folder)).flatMap((file) => {
    const version = /^kubectl\.(1\.\d+)$/.exec(file)?.[1]
    return version === undefined ? [] : [{ version, path: join(folder ?? '', file) }]
  })
  if (versions.length > 0) return versions.toSorted((one, other) => minorOf(one.version) - minorOf(other.version))
  const answer = execFileSync('kubectl', ['version', '--client', '-o', 'json'], { encoding: 'utf8' })
  const { clientVersion } = JSON.parse(answer) as { clientVersion: { major: string; minor: string } }
  return [{ version: `${clientVersion.major}.${Number.parseInt(clientVersion.minor)}`, path: 'kubectl' }]
}

/** The 33 of `1.33`. */
export function minorOf(version: string): number {
  return Number(version.split('.')[1])
}

/** Where kubectl finds its server: a plain URL, or what a kubeconfig file says. */
export type KubectlAccess = string | { readonly kubeconfig: string }

/** kubectl with a server to talk to and a home of its own, which goes with it. */
export class Kubectl implements Disposable {
  readonly #program: KubectlProgram
  readonly #access: KubectlAccess
  readonly #home = mkdtempSync(join(tmpdir(), 'peapod-kubectl-'))

  constructor(program: KubectlProgram, access: KubectlAccess) {
    this.#program = program
    this.#access = access
  }

  get version(): string {
    return this.#program.version
  }

  get minor(): number {
    return minorOf(this.#program.version)
  }

  /**
   * @param input what it reads when told `-f -`.
   * @param env beside its home and its access.
   */
  run(args: readonly string[], input = '', env: Readonly<Record<string, string>> = {}): Promise<KubectlEnd> {
    const access = this.#access
    // By the environment: the words of a plugin or a completion may not follow options.
    const found = typeof access === 'string' ? {} : { KUBECONFIG: access.kubeconfig }
    const server = typeof access === 'string' ? ['--server', access] : []
    return new Promise((resolve) => {
      const child = execFile(
        this.#program.path,
        [...server, ...args],
        {
          encoding: 'utf8',
          timeout: LONGEST_RUN_MS,
          cwd: this.#home,
          env: { HOME: this.#home, PATH: process.env['PATH'], ...found, ...env },
        },
        (error, stdout, stderr) => {
          const code = error === null ? 0 : typeof error.code === 'number' ? error.code : -1
          resolve({ code, stdout, stderr })
        },
      )
      child.stdin?.end(input)
    })
  }

  /**
   * @param words apart by spaces; words that have spaces themselves come after them, one by one.
   * @returns what it printed; it must have ended well.
   */
  async ok(words: string, ...more: readonly string[]): Promise<string> {
    const end = await this.run([...words.split(' '), ...more])
    assert.equal(end.code, 0, `kubectl ${this.version} ${[words, ...more].join(' ')}: ${end.stdout}${end.stderr}`)
    return end.stdout
  }

  /** @returns what it complained of, on one line per complaint; it must have failed. */
  async refused(words: string, ...more: readonly string[]): Promise<string> {
    const end = await this.run([...words.split(' '), ...more])
    assert.notEqual(end.code, 0, `kubectl ${this.version} ${[words, ...more].join(' ')}: ${end.stdout}`)
    return end.stderr.trimEnd()
  }

  /** Writes a file to where it runs, for `-f`. @returns the file's name. */
  file(name: string, ...objects: readonly (object | string)[]): string {
    const texts = objects.map((object) => (typeof object === 'string' ? object : JSON.stringify(object)))
    const path = join(this.#home, name)
    writeFileSync(path, texts.join('\n---\n'))
    return path
  }

  [Symbol.dispose](): void {
    rmSync(this.#home, { recursive: true, force: true })
  }
}
