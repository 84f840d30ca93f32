import assert from 'node:assert/strict'
import { type ChildProcessWithoutNullStreams, execFile, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
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
const LONGEST_WAIT_MS = 30_000

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
function minorOf(version: string): number {
  return Number(version.split('.')[1])
}

/** What a command, its words apart by spaces, prints when it ends well, or complains of when it must fail. */
export type Expected =
  | { readonly args: string; readonly prints: RegExp; readonly complains?: undefined }
  | { readonly args: string; readonly prints?: undefined; readonly complains: RegExp }

/** Where kubectl finds its server: a plain URL, or what a kubeconfig file says. */
export type KubectlAccess = string | { readonly kubeconfig: string }

/** kubectl with a server to talk to and a home of its own, which goes with it. */
export class Kubectl implements Disposable {
  readonly #program: KubectlProgram
  readonly #access: KubectlAccess
  readonly home = mkdtempSync(join(tmpdir(), 'peapod-kubectl-'))

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
    return new Promise((resolve) => {
      const options = { encoding: 'utf8', timeout: LONGEST_RUN_MS, ...this.#surroundings(env) } as const
      const child = execFile(this.#program.path, this.#words(args), options, (error, stdout, stderr) => {
        const code = error === null ? 0 : typeof error.code === 'number' ? error.code : -1
        resolve({ code, stdout, stderr })
      })
      // It may end without having read its input.
      child.stdin?.on('error', () => undefined)
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

  /**
   * Runs commands one after the other: a `said` of one that must fail is about its complaint.
   *
   * @returns those that did otherwise, and what they said; all at once, for whoever mends them.
   */
  async differences(commands: readonly Expected[]): Promise<readonly string[]> {
    const differences: string[] = []
    for (const { args, prints, complains } of commands) {
      const { code, stdout, stderr } = await this.run(args.split(' '))
      const isAsExpected =
        complains === undefined ? code === 0 && prints.test(stdout) : code !== 0 && complains.test(stderr.trimEnd())
      if (!isAsExpected) differences.push(`kubectl ${this.version} ${args}: exit code ${code}\n${stdout}${stderr}`)
    }
    return differences
  }

  /** @returns another one with the same server and namespace, for whom a token names. */
  async as(token: string): Promise<Kubectl> {
    const own = JSON.parse(await this.ok('config view --raw -o json')) as {
      readonly contexts: readonly { readonly context: object }[]
    }
    const context = own.contexts[0]?.context
    const theirs = {
      ...own,
      users: [{ name: 'bearer', user: { token } }],
      contexts: [{ name: 'bearer', context: { ...context, user: 'bearer' } }],
      'current-context': 'bearer',
    }
    return new Kubectl(this.#program, { kubeconfig: this.file('bearer.json', theirs) })
  }

  /** Begins a command that ends when it is disposed. */
  begin(words: string): BegunKubectl {
    const args = this.#words(words.split(' '))
    return new BegunKubectl(spawn(this.#program.path, args, { stdio: 'pipe', ...this.#surroundings({}) }))
  }

  /** Writes a file to where it runs, for `-f`; several objects as a List. @returns its path. */
  file(name: string, ...contents: readonly [string] | readonly object[]): string {
    const [only] = contents
    const object = contents.length === 1 ? only : { apiVersion: 'v1', kind: 'List', items: contents }
    const path = join(this.home, name)
    writeFileSync(path, typeof object === 'string' ? object : JSON.stringify(object))
    return path
  }

  [Symbol.dispose](): void {
    rmSync(this.home, { recursive: true, force: true })
  }

  #words(args: readonly string[]): string[] {
    return typeof this.#access === 'string' ? ['--server', this.#access, ...args] : [...args]
  }

  #surroundings(env: Readonly<Record<string, string>>): { cwd: string; env: NodeJS.ProcessEnv } {
    // By the environment: the words of a plugin or a completion may not follow options.
    const access = typeof this.#access === 'string' ? {} : { KUBECONFIG: this.#access.kubeconfig }
    return { cwd: this.home, env: { HOME: this.home, PATH: process.env['PATH'], ...access, ...env } }
  }
}

/** A command that goes on until it is disposed. */
export class BegunKubectl implements AsyncDisposable {
  readonly #child: ChildProcessWithoutNullStreams
  readonly #ended: Promise<unknown>
  #said = ''

  constructor(child: ChildProcessWithoutNullStreams) {
    this.#child = child
    this.#ended = once(child, 'close')
    child.stdout.setEncoding('utf8').on('data', (said: string) => (this.#said += said))
    child.stderr.setEncoding('utf8').on('data', (said: string) => (this.#said += said))
  }

  get hasSaid(): boolean {
    return this.#said !== ''
  }

  /** @returns what it has said, once that matches. */
  async until(expected: RegExp): Promise<string> {
    const limit = AbortSignal.timeout(LONGEST_WAIT_MS)
    while (!expected.test(this.#said)) {
      const more = [
        once(this.#child.stdout, 'data', { signal: limit }),
        once(this.#child.stderr, 'data', { signal: limit }),
      ]
      await Promise.race(more).catch(() => assert.match(this.#said, expected))
    }
    return this.#said
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill()
    await this.#ended
  }
}
