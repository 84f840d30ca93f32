import { execFile, execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
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

/** kubectl with a server to talk to and a home of its own, which goes with it. */
export class Kubectl implements Disposable {
  readonly #program: KubectlProgram
  readonly #server: string
  readonly #home = mkdtempSync(join(tmpdir(), 'peapod-kubectl-'))

  constructor(program: KubectlProgram, server: string) {
    this.#program = program
    this.#server = server
  }

  /** @param input what it reads when told `-f -`. */
  run(args: readonly string[], input = ''): Promise<KubectlEnd> {
    return new Promise((resolve) => {
      const child = execFile(
        this.#program.path,
        ['--server', this.#server, ...args],
        {
          encoding: 'utf8',
          timeout: LONGEST_RUN_MS,
          env: { HOME: this.#home, PATH: process.env['PATH'] },
        },
        (error, stdout, stderr) => {
          const code = error === null ? 0 : typeof error.code === 'number' ? error.code : -1
          resolve({ code, stdout, stderr })
        },
      )
      child.stdin?.end(input)
    })
  }

  [Symbol.dispose](): void {
    rmSync(this.#home, { recursive: true, force: true })
  }
}
